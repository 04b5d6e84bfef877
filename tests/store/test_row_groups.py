"""Reading large tables row group by row group: the work of a rerun grows with its rows, not with their square."""

import random
from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.planning.rows import row
from voicemill.store.tables.items_table import OUTCOME_SCHEMA, known_outcomes
from voicemill.store.tables.plan_table import PlanTable, PlanWriter
from voicemill.store.tables.row_groups import tables_with

GROUPS = 40
ROWS_PER_GROUP = 5
IDS = [f"id {number}" for number in range(GROUPS * ROWS_PER_GROUP)]


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> Counter[tuple[str, ...]]:
    """The number of row groups read, by the columns that were read."""
    counts: Counter[tuple[str, ...]] = Counter()
    read = pq.ParquetFile.read_row_group

    def counted(file: pq.ParquetFile, group: int, columns: list[str] | None = None, **options: Any) -> pa.Table:
        counts[tuple(columns or ())] += 1
        return read(file, group, columns=columns, **options)

    monkeypatch.setattr(pq.ParquetFile, "read_row_group", counted)
    return counts


def table(path: Path, ids: list[str], value: int = 0) -> Path:
    """A table with a row group for every five rows."""
    content = pa.table({"id": ids, "value": [value] * len(ids)})
    pq.write_table(content, path, row_group_size=ROWS_PER_GROUP)
    return path


def test_each_row_group_of_an_earlier_table_is_read_once(tmp_path: Path, reads: Counter[tuple[str, ...]]) -> None:
    """Looking up all rows shard by shard reads every row group once for the index and once for its rows."""
    path = table(tmp_path / "items.parquet", IDS)
    for start in range(0, len(IDS), ROWS_PER_GROUP):
        wanted = IDS[start : start + ROWS_PER_GROUP]
        [(_, found)] = tables_with(wanted, [path], ["id", "value", "missing"])
        assert found.column("id").to_pylist() == wanted
    assert reads == {("id",): GROUPS, ("id", "value"): GROUPS}


def test_parts_in_any_order_are_read_for_their_rows_only(tmp_path: Path, reads: Counter[tuple[str, ...]]) -> None:
    """With ids in random order, a shard reads only the parts of an interrupted run that hold its rows."""
    ids = random.Random(7).sample(IDS, len(IDS))
    shares = [ids[start : start + ROWS_PER_GROUP] for start in range(0, len(ids), ROWS_PER_GROUP)]
    parts = [table(tmp_path / f"{number:02}.parquet", share) for number, share in enumerate(shares)]
    for part, share in zip(parts, shares, strict=True):
        assert [path for path, _ in tables_with(share, parts, ["id"])] == [part]
    assert reads[("id",)] == 2 * GROUPS


def test_later_tables_come_last(tmp_path: Path) -> None:
    """A row that several tables have is found in each, in the order of the tables; a damaged table is left out."""
    paths = [table(tmp_path / f"{number}.parquet", IDS, number) for number in range(3)]
    paths[1].write_bytes(b"PAR1 damaged PAR1")
    found = list(tables_with(["id 7"], [paths[2], paths[1], paths[0], tmp_path / "missing.parquet"], ["id", "value"]))
    assert [(path, group.column("value")[0].as_py()) for path, group in found] == [(paths[2], 2), (paths[0], 0)]


def test_a_rewritten_table_is_indexed_again(tmp_path: Path) -> None:
    """The index belongs to one version of a table."""
    path = table(tmp_path / "items.parquet", IDS)
    assert list(tables_with(["other 8"], [path], ["id"])) == []
    table(path, [f"other {number}" for number in range(20)])
    [(_, found)] = tables_with(["other 8"], [path], ["id"])
    assert "other 8" in found.column("id").to_pylist()


def test_each_row_group_of_a_plan_is_read_by_its_shards_only(tmp_path: Path, reads: Counter[tuple[str, ...]]) -> None:
    """Ids, records and single rows of a plan are read from their own row groups; ids without the other columns."""
    with PlanWriter(tmp_path / "plan.parquet") as writer:
        for number in range(6000):
            writer.append(row("x", number=number + 1, id=f"id{number}"), calls=1)
    plan = PlanTable(tmp_path / "plan.parquet")
    for start in range(0, 6000, 500):
        assert plan.ids(start, start + 500) == [f"id{number}" for number in range(start, start + 500)]
        assert sum(len(records) for records in plan.records(start, start + 500)) == 500
    assert plan.ids_at(range(0, 6000, 100)) == {number: f"id{number}" for number in range(0, 6000, 100)}
    assert reads == {("id",): 12 + 3, (): 12}


def test_an_outcome_that_no_version_writes_is_not_known(tmp_path: Path) -> None:
    """A value that cannot be converted counts as damage, like a file that cannot be read."""
    record = {"id": "a", "status": "unheard of", "request_ids": []}
    pq.write_table(pa.Table.from_pylist([record], schema=OUTCOME_SCHEMA), tmp_path / "items.parquet")
    assert known_outcomes([tmp_path / "items.parquet"], ["a"]) == {}
