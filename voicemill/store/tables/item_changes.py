"""Compare the rows of `items.parquet` with those of an earlier version of the table."""

from pathlib import Path
from typing import Any, Final

import pyarrow.parquet as pq

from voicemill.model import Status
from voicemill.store.tables.table_damage import TableDamaged, table_damage

RowStates = dict[str, tuple[str, str | None]]
"""Status and SHA-256 of the file of each row, by id."""

KINDS: Final = ("new", "gone", "newly_done", "newly_unfinished", "changed")
_MOST_IDS: Final = 2_000


def row_states(path: Path) -> RowStates | None:
    """The states of the rows of a table; None if it is missing or damaged."""
    if not path.is_file():
        return None
    try:
        with table_damage(path):
            table = pq.read_table(path, columns=["id", "status", "sha256"])
            columns: list[list[Any]] = [table.column(name).to_pylist() for name in table.column_names]
            ids, statuses, digests = columns
            return dict(zip(ids, zip(statuses, digests, strict=True), strict=True))
    except TableDamaged:
        return None


def changes_between(before: RowStates, after: RowStates) -> tuple[dict[str, int], dict[str, list[str]]]:
    """The number of rows of each kind of change, and the ids of the first 2,000."""
    found: dict[str, list[str]] = {kind: [] for kind in KINDS}
    for row_id, state in after.items():
        kind = _kind(before.get(row_id), state)
        if kind:
            found[kind].append(row_id)
    found["gone"] = [row_id for row_id in before if row_id not in after]
    counts = {kind: len(ids) for kind, ids in found.items()}
    return counts, {kind: ids[:_MOST_IDS] for kind, ids in found.items()}


def _kind(before: tuple[str, str | None] | None, after: tuple[str, str | None]) -> str:
    if before is None:
        return "new"
    was_done, is_done = before[0] == Status.DONE, after[0] == Status.DONE
    if was_done != is_done:
        return "newly_done" if is_done else "newly_unfinished"
    return "changed" if is_done and before[1] != after[1] else ""
