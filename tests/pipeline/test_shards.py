"""Splitting a plan into shards: each row in one shard, in order, with about equal work."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.planning.rows import row
from tests.planning.test_split_text import TEXTS
from voicemill.config import LongText
from voicemill.pipeline.shard import SHARDS_OF_A_RUN, Shard, split_into_shards
from voicemill.planning.predictions import Needs, needs_of
from voicemill.planning.row_calls import plan_row
from voicemill.store.tables.plan_table import PlanTable, PlanWriter

LARGEST_ROWS = 150
"""A smaller largest size of a shard than that of real runs."""


def shards_of(folder: Path, calls: list[int]) -> list[Shard]:
    """The shards of a plan whose rows need the given numbers of calls."""
    with PlanWriter(folder / "plan.parquet") as writer:
        for number, count in enumerate(calls):
            writer.append(row("x", number=number + 1, id=f"id{number}"), calls=count)
    return split_into_shards(PlanTable(folder / "plan.parquet"), folder / "parts")


@pytest.mark.parametrize(
    "calls",
    [
        [1],
        [1] * 24,
        [1] * 25,
        [1] * 1000,
        [50, *[1] * 100],
        [*[1] * 100, 500],
        [0] * 30,
        [7, 0, 0, 3] * 40,
        [1] * 13_000,
    ],
    ids=lambda calls: f"{len(calls)} rows, {sum(calls)} calls",
)
def test_every_row_is_in_one_shard(calls: list[int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Shards are consecutive; each names its first and last row and has a separate part table."""
    monkeypatch.setattr("voicemill.pipeline.shard.LARGEST_SHARD_ROWS", LARGEST_ROWS)
    shards = shards_of(tmp_path, calls)
    edges = [0, *(shard.stop for shard in shards)]
    assert [shard.start for shard in shards] == edges[:-1]
    assert edges[-1] == len(calls)
    assert edges == sorted(set(edges))
    assert [(shard.first_id, shard.last_id) for shard in shards] == [
        (f"id{shard.start}", f"id{shard.stop - 1}") for shard in shards
    ]
    assert len({shard.part for shard in shards}) == len(shards)
    assert sorted(shard.part for shard in shards) == [shard.part for shard in shards]
    assert max(shard.stop - shard.start for shard in shards) <= LARGEST_ROWS
    assert len(shards) <= max(SHARDS_OF_A_RUN, len(calls) // LARGEST_ROWS + SHARDS_OF_A_RUN)


def test_shards_have_about_the_same_work(tmp_path: Path) -> None:
    """Shards are balanced by calls, not by rows."""
    calls = [1 + (number % 50 == 0) * 40 for number in range(2000)]
    work = [sum(calls[shard.start : shard.stop]) for shard in shards_of(tmp_path, calls)]
    assert len(work) == SHARDS_OF_A_RUN
    assert max(work) < 1.6 * min(work)


def test_shards_have_readable_names(tmp_path: Path) -> None:
    """A shard is named after its row or its range of rows, counted from 1."""
    assert shards_of(tmp_path, [1])[0].label == "row 1: id0"
    assert shards_of(tmp_path, [1] * 48)[1].label == "rows 3–4: id2 … id3"


@settings(max_examples=100, deadline=None)
@given(TEXTS, st.integers(50, 400))
def test_planned_calls_equal_the_calls_made(text: str, limit: int) -> None:
    """The plan's numbers of calls and characters equal those of the calls made."""
    long_text = LongText(max_characters_per_call=limit)
    plan = plan_row(row(text), "s", long_text)
    assert needs_of(row(text), long_text) == Needs(len(plan.pieces), plan.characters)
