"""The changes between two versions of the items table."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from voicemill.store.tables.item_changes import RowStates, changes_between, row_states


def states(path: Path, rows: dict[str, tuple[str, str | None]]) -> RowStates:
    """The states of a table with these rows: status and SHA-256 by id."""
    values: dict[str, list[str | None]] = {
        "id": list(rows),
        "status": [s for s, _ in rows.values()],
        "sha256": [d for _, d in rows.values()],
    }
    schema = pa.schema({name: pa.string() for name in values})
    pq.write_table(pa.table(values, schema), path)
    found = row_states(path)
    assert found is not None
    return found


def test_every_kind_of_change_is_found(tmp_path: Path) -> None:
    """New and missing rows, rows that are newly done or unfinished, and files with other content are counted."""
    before = states(
        tmp_path / "before",
        {"a": ("done", "1"), "b": ("done", "2"), "c": ("failed", None), "d": ("done", "4"), "gone": ("done", "5")},
    )
    after = states(
        tmp_path / "after",
        {"new": ("done", "0"), "d": ("refused", None), "c": ("done", "3"), "b": ("done", "9"), "a": ("done", "1")},
    )
    counts, ids = changes_between(before, after)
    assert ids == {"new": ["new"], "gone": ["gone"], "newly_done": ["c"], "newly_unfinished": ["d"], "changed": ["b"]}
    assert counts == dict.fromkeys(ids, 1)


def test_empty_tables_are_compared(tmp_path: Path) -> None:
    """Against an empty table every row is new, or gone."""
    empty, full = states(tmp_path / "empty", {}), states(tmp_path / "full", {"a": ("done", "1")})
    assert changes_between(empty, full)[1]["new"] == ["a"]
    assert changes_between(full, empty)[1]["gone"] == ["a"]
    assert sum(changes_between(empty, empty)[0].values()) == 0


def test_a_missing_or_damaged_table_has_no_states(tmp_path: Path) -> None:
    """There is nothing to compare with a table that cannot be read."""
    (tmp_path / "damaged").write_bytes(b"PAR1")
    assert row_states(tmp_path / "damaged") is None
    assert row_states(tmp_path / "missing") is None
