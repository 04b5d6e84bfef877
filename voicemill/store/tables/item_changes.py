"""Compare the rows of `items.parquet` with those of an earlier version of the table."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from voicemill.model import Status
from voicemill.store.tables.row_groups import hashes_of
from voicemill.store.tables.table_columns import batches_of
from voicemill.store.tables.table_damage import TableDamaged, table_damage

KINDS: Final = ("new", "gone", "newly_done", "newly_unfinished", "changed")
_MOST_IDS: Final = 2_000

Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class RowStates:
    """The state of each row of a table: its id, whether it is done, and the hash of the SHA-256 of its file."""

    ids: "pa.ChunkedArray[Any]"
    id_hashes: NDArray[np.int64]
    done: Mask
    files: NDArray[np.int64]


def row_states(path: Path) -> RowStates | None:
    """The states of the rows of a table; None if it is missing or damaged."""
    if not path.is_file():
        return None
    try:
        with table_damage(path):
            ids = pa.chunked_array([batch.column("id") for batch in batches_of(path, ["id"])], pa.string())
            hashes, done, files = zip(*_states(path), strict=True) if len(ids) else ([_NONE], [_NONE], [_NONE])
    except TableDamaged:
        return None
    return RowStates(ids, np.concatenate(hashes), np.concatenate(done).astype(bool), np.concatenate(files))


_NONE: Final = np.empty(0, np.int64)


def _states(path: Path) -> "list[tuple[NDArray[np.int64], Mask, NDArray[np.int64]]]":
    """The states of the rows, in batches: as Python objects they would take a kilobyte a row."""
    return [
        (
            hashes_of(batch.column("id").to_pylist()),
            pc.equal(batch.column("status"), pa.scalar(Status.DONE.value)).to_numpy(zero_copy_only=False),
            hashes_of(batch.column("sha256").to_pylist()),
        )
        for batch in batches_of(path, ["id", "status", "sha256"])
    ]


def changes_between(before: RowStates, after: RowStates) -> tuple[dict[str, int], dict[str, list[str]]]:
    """The number of rows of each kind of change, and the ids of the first 2,000."""
    places = _places(after.id_hashes, before.id_hashes)
    is_new = places < 0
    was_done = np.where(is_new, False, before.done[places]) if len(before.done) else np.zeros(len(places), bool)
    same_file = np.where(is_new, False, before.files[places] == after.files) if len(before.files) else was_done
    kinds: dict[str, Mask] = {
        "new": is_new,
        "newly_done": ~is_new & ~was_done & after.done,
        "newly_unfinished": ~is_new & was_done & ~after.done,
        "changed": ~is_new & was_done & after.done & ~same_file,
    }
    gone = _places(before.id_hashes, after.id_hashes) < 0
    found = {kind: (before.ids, gone) if kind == "gone" else (after.ids, kinds[kind]) for kind in KINDS}
    counts = {kind: int(np.count_nonzero(mask)) for kind, (_, mask) in found.items()}
    return counts, {kind: _first_ids(ids, mask) for kind, (ids, mask) in found.items()}


def _places(wanted: NDArray[np.int64], among: NDArray[np.int64]) -> NDArray[np.int64]:
    """The position of each wanted hash in `among`, -1 where it is missing; shape (wanted,)."""
    if not len(among):
        return np.full(len(wanted), -1)
    order = np.argsort(among, kind="stable")
    at = np.minimum(np.searchsorted(among, wanted, sorter=order), len(among) - 1)
    return np.where(among[order[at]] == wanted, order[at], -1)


def _first_ids(ids: "pa.ChunkedArray[Any]", mask: Mask) -> list[str]:
    return [str(one) for one in ids.take(np.flatnonzero(mask)[:_MOST_IDS]).to_pylist()]
