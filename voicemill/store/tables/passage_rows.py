"""The passages of `passages.parquet` that a reader wants to see: not the single good passage of a short row."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from voicemill.model import State
from voicemill.store.tables.table_columns import batches
from voicemill.store.tables.table_damage import table_damage

Line = dict[str, Any]
"""A line of `passages.parquet`."""


def notable_passages(path: Path) -> Iterator[tuple[str, list[Line]]]:
    """Stream the id and the passages of each row that has several, a kept retake or a fault, in table order.

    Raises `TableDamaged`.
    """
    row_id, lines = "", list[Line]()
    for line in _candidates(path):
        if line["id"] != row_id:
            if _is_notable(lines):
                yield row_id, lines
            row_id, lines = line["id"], []
        lines.append(line)
    if _is_notable(lines):
        yield row_id, lines


def bad_passages(path: Path) -> Iterator[tuple[str, int, list[str]]]:
    """Stream the row id, the number and the reasons of each bad passage, in table order. Raises `TableDamaged`."""
    with table_damage(path), pq.ParquetFile(path) as file:
        for batch in batches(file, ["id", "passage", "verdict", "why"]):
            for line in batch.filter(pc.equal(batch.column("verdict"), pa.scalar(State.BAD.value))).to_pylist():
                yield line["id"], line["passage"], [finding["reason"] for finding in line["why"]]


def _candidates(path: Path) -> Iterator[Line]:
    """All lines of notable rows, and a few others: the last line of each batch, whose row may continue."""
    with table_damage(path), pq.ParquetFile(path) as file:
        for batch in batches(file):
            yield from batch.filter(pa.array(_candidate_mask(batch))).to_pylist()


def _candidate_mask(batch: pa.RecordBatch) -> NDArray[np.bool_]:
    follows = np.asarray(batch.column("passage")) > 1
    mask = follows | (np.asarray(batch.column("take")) > 0)
    mask |= np.asarray(batch.column("verdict")) != State.OK.value
    mask[:-1] |= follows[1:]
    mask[-1:] = True
    return mask


def _is_notable(lines: list[Line]) -> bool:
    return len(lines) > 1 or any(line["take"] or line["verdict"] != State.OK for line in lines)
