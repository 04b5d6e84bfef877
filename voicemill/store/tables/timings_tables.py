"""Tables with many lines for each row: `words.parquet`, `segments.parquet` and `passages.parquet`.

During a run each shard writes the lines of its rows in the order in which they finish (`timings_part`). Publishing
copies the lines, from there or from the table of an earlier run, into manifest order (`timings_index`).
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final, Literal

import pyarrow as pa
import pyarrow.parquet as pq

from voicemill.store.tables.table_columns import batches
from voicemill.store.tables.table_damage import table_damage

Kind = Literal["words", "segments", "passages"]

_WORD_TYPES: dict[str, pa.DataType] = {
    "id": pa.string(),
    "index": pa.int32(),
    "word": pa.string(),
    "start_s": pa.float64(),
    "end_s": pa.float64(),
}
_SEGMENT_TYPES: dict[str, pa.DataType] = {
    "id": pa.string(),
    "index": pa.int32(),
    "start_s": pa.float64(),
    "end_s": pa.float64(),
    "text": pa.string(),
}
_FINDING = pa.struct(
    [("reason", pa.string()), ("start_s", pa.float64()), ("end_s", pa.float64()), ("detail", pa.string())]
)
_PASSAGE_TYPES: dict[str, pa.DataType] = {
    "id": pa.string(),
    "passage": pa.int32(),
    "text": pa.string(),
    "spoken": pa.string(),
    "speaker": pa.string(),
    "take": pa.int32(),
    "verdict": pa.string(),
    "why": pa.list_(_FINDING),
    "score": pa.float64(),
    "start_s": pa.float64(),
    "end_s": pa.float64(),
}
SCHEMAS: Final[dict[Kind, pa.Schema]] = {
    "words": pa.schema(_WORD_TYPES),
    "segments": pa.schema(_SEGMENT_TYPES),
    "passages": pa.schema(_PASSAGE_TYPES),
}


def read_timings(path: Path) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Stream the id and the lines of each row, in table order. Raises `TableDamaged`."""
    row_id: str | None = None
    lines: list[dict[str, Any]] = []
    with table_damage(path), pq.ParquetFile(path) as file:
        for batch in batches(file, most_rows=10_000):
            for line in batch.to_pylist():
                if line["id"] != row_id and row_id is not None:
                    yield row_id, lines
                    lines = []
                row_id = line["id"]
                lines.append(line)
    if row_id is not None:
        yield row_id, lines


def timings_paths(kind: Kind, published: Sequence[Path], parts: Path) -> list[Path]:
    """The tables of one kind from which a run may copy lines: the published one, then parts in writing order."""
    found = sorted(parts.glob(f"*/{kind}/*.parquet"), key=lambda path: (path.stat().st_mtime_ns, path))
    return [*published, *found]
