"""The tables of a run: rows are read back unchanged, and damaged tables are ignored."""

import tempfile
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from tests.planning.rows import row, with_fields
from voicemill.model import Outcome, Recording, Row, Status
from voicemill.model.audio_formats import AudioFormat
from voicemill.store.tables.items_table import (
    CarriedTypes,
    count_by_status,
    known_outcomes,
    publish_items,
    read_items,
    write_part,
)
from voicemill.store.tables.plan_table import PlanTable, PlanWriter

MOMENT = datetime(2026, 3, 1, tzinfo=UTC)
CARRIED: CarriedTypes = {"note": "text", "chapter": "integer", "weight": "number", "is_draft": "boolean"}


def rows(count: int) -> list[Row]:
    """Rows that use every column."""
    formats = [AudioFormat("wav", 8000, "pcm_alaw"), AudioFormat("mp3", 44100, bit_rate_bps=32000)]
    return [
        row(
            f'Sentence {number}: \u00fc \u65e5 \U0001f600 "quoted"\n',
            number=number + 1,
            id=f"id {number}",
            format=formats[number % 2],
            speed=(None, "slow", 0.8, 1.0)[number % 4],
            emotion=((), ("calm",), ("positivity:high", "curiosity"))[number % 3],
            carried={"note": f"n{number}", "chapter": number, "weight": 0.5, "is_draft": number % 2 == 0},
        )
        for number in range(count)
    ]


def outcome(of: Row, status: Status = Status.DONE) -> Outcome:
    """An outcome with every field set."""
    return Outcome(
        id=of.id,
        status=status,
        file_name=of.file_name,
        sha256="0" * 64,
        size_bytes=3,
        duration_s=1.5,
        sample_rate_hz=8000,
        characters=9,
        calls=1,
        credits=9.0,
        attempts=2,
        latency_s=0.25,
        request_ids=("r1", "r2"),
        started_at=MOMENT,
        finished_at=MOMENT,
        fingerprint="f",
    )


def plan_of(path: Path, content: list[Row]) -> PlanTable:
    """Write a plan table."""
    with PlanWriter(path) as writer:
        for number, each in enumerate(content):
            writer.append(each, calls=number % 5)
    return PlanTable(path)


def part(folder: Path, content: list[Row], status: Status = Status.DONE) -> Path:
    """Write the part table of a shard."""
    plan = plan_of(folder / "plan.parquet", content)
    write_part(
        folder / "part.parquet", plan.records(0, len(plan)), [outcome(each, status) for each in content], CARRIED
    )
    return folder / "part.parquet"


def test_plan_is_read_back_unchanged(tmp_path: Path) -> None:
    """Every field of every row is read back in order, in any range, also across row groups."""
    content = rows(4500)
    plan = plan_of(tmp_path / "plan.parquet", content)
    assert len(plan) == 4500
    assert list(plan.rows(0, 4500)) == list(enumerate(content))
    for start, stop in ((0, 0), (0, 1), (1999, 2001), (2000, 4000), (4499, 4500), (1990, 4010)):
        assert list(plan.rows(start, stop)) == list(enumerate(content))[start:stop]
        assert plan.ids(start, stop) == [each.id for each in content[start:stop]]
    assert plan.ids_at([4499, 0, 2000]) == {0: "id 0", 2000: "id 2000", 4499: "id 4499"}
    assert plan.calls_per_row().tolist() == [number % 5 for number in range(4500)]


def test_abandoned_plan_leaves_no_file(tmp_path: Path) -> None:
    """An error while rows are written leaves neither a plan nor a partial file."""
    with suppress(KeyError), PlanWriter(tmp_path / "plan.parquet") as writer:
        writer.append(rows(1)[0], calls=1)
        raise KeyError
    assert list(tmp_path.iterdir()) == []


def test_outcomes_are_read_back_unchanged(tmp_path: Path) -> None:
    """The outcomes of the requested rows are those that were written."""
    content = rows(10)
    path = part(tmp_path, content)
    assert known_outcomes([path], ["id 3", "id 7", "id 99"]) == {
        each.id: outcome(each) for each in (content[3], content[7])
    }
    assert known_outcomes([path], []) == {}


def test_rows_are_found_by_any_id(tmp_path: Path) -> None:
    """In many tables with ids of any length, script and order, each row is found, alone and together with others."""
    names = ["z", "a", "Ä", "ß" * 3000, "\U0001f600", "row 10", "row 9", "~", "éa", "\u200b", "語" * 30, "\x7f"]
    content = [replace(each, id=name) for each, name in zip(rows(len(names)), names, strict=True)]
    shares = [content[first::5] for first in range(5)]
    folders = [Path(tempfile.mkdtemp(dir=tmp_path)) for _ in shares]
    parts = [part(folder, share) for folder, share in zip(folders, shares, strict=True)]
    for each in content:
        assert known_outcomes(parts, [each.id]) == {each.id: outcome(each)}
    assert known_outcomes(parts, names) == {each.id: outcome(each) for each in content}


@pytest.mark.parametrize("status", [Status.FAILED, Status.REFUSED, Status.NOT_STARTED])
def test_outcomes_of_unfinished_rows_are_read(tmp_path: Path, status: Status) -> None:
    """Unfinished rows are read back with their status."""
    path = part(tmp_path, rows(3), status)
    assert known_outcomes([path], ["id 1"])["id 1"].status is status
    assert count_by_status(path) == {**dict.fromkeys(map(str, Status), 0), status: 3}


def test_carried_columns_keep_their_types(tmp_path: Path) -> None:
    """Strings, integers, floats and booleans have the types that they had in the manifest."""
    items = list(read_items([part(tmp_path, rows(2))]))
    assert [[item[name] for name in CARRIED] for item in items] == [["n0", 0, 0.5, True], ["n1", 1, 0.5, False]]
    assert items[0]["request_ids"] == ["r1", "r2"]


def test_truncated_part_is_ignored(tmp_path: Path) -> None:
    """A part truncated at any of a hundred lengths, or with a changed footer, is ignored without an exception."""
    content = rows(200)
    path = part(tmp_path, content)
    whole = path.read_bytes()
    for percent in range(100):
        path.write_bytes(whole[: len(whole) * percent // 100])
        assert known_outcomes([path], [each.id for each in content]) == {}
    path.write_bytes(whole[:-20] + b"\xff" + whole[-19:])
    assert known_outcomes([path], ["id 1"]) == {}
    path.unlink()
    assert known_outcomes([path], ["id 1"]) == {}


def test_damaged_table_does_not_hide_others(tmp_path: Path) -> None:
    """Rows of an intact table are found although another table is damaged."""
    content = rows(5)
    path = part(tmp_path, content)
    (tmp_path / "damaged.parquet").write_bytes(b"PAR1 not really PAR1")
    assert set(known_outcomes([tmp_path / "damaged.parquet", path], ["id 2"])) == {"id 2"}


def test_parts_of_several_levels_are_merged(tmp_path: Path) -> None:
    """Dependent rows are made later in separate parts, but the table has the manifest's order."""
    content = [
        with_fields(each, audio=Recording(made_by="id 1")) if number in (0, 3) else each
        for number, each in enumerate(rows(5))
    ]
    plan = plan_of(tmp_path / "plan.parquet", content)
    assert (set(plan.used_ids), plan.levels, plan.levels_in(0, 5)) == ({"id 1"}, {"id 0": 1, "id 3": 1}, [0, 1])
    parts = [tmp_path / "00000.0.parquet", tmp_path / "00000.1.parquet"]
    for level, path in enumerate(parts):
        made = [outcome(each) for _, each in plan.rows(0, 5, level)]
        write_part(path, plan.records(0, 5, level), made, CARRIED)
    publish_items(parts, tmp_path / "items.parquet", CARRIED)
    assert [item["id"] for item in read_items([tmp_path / "items.parquet"])] == [each.id for each in content]


def test_parts_are_merged_into_one_table(tmp_path: Path) -> None:
    """Publishing the same content again does not change the table."""
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    parts = [part(tmp_path / "a", rows(3)), part(tmp_path / "b", rows(2))]
    items = tmp_path / "items.parquet"
    assert publish_items(parts, items, CARRIED)
    assert [item["id"] for item in read_items([items])] == ["id 0", "id 1", "id 2", "id 0", "id 1"]
    before = items.stat()
    assert not publish_items(parts, items, CARRIED)
    assert items.stat() == before


def test_tables_without_later_columns_are_read(tmp_path: Path) -> None:
    """Tables of earlier versions lack `damaged_s` and `audio_track`: these are null, the rest is known."""
    content = rows(3)
    path = part(tmp_path, content)
    pq.write_table(pq.read_table(path).drop_columns(["damaged_s", "audio_track"]), path)
    assert known_outcomes([path], ["id 1"]) == {"id 1": outcome(content[1])}
    publish_items([path], tmp_path / "items.parquet", CARRIED)
    assert [item["audio_track"] for item in read_items([tmp_path / "items.parquet"])] == [None] * 3
