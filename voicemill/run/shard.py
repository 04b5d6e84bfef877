"""One shard: a stretch of the plan's rows, worked through by many hands, ending in its part of the table."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import TypeVar

import numpy as np

from voicemill.manifest.problems import printable
from voicemill.model import Outcome, Row, Status
from voicemill.plan.row_calls import plan_row
from voicemill.run.context import RunContext
from voicemill.run.dependencies import NotThere, left_waiting, with_outputs
from voicemill.run.row import work_row
from voicemill.run.selection import Chosen
from voicemill.run.workers import run_concurrently
from voicemill.store.tables.items_table import CarriedTypes, known_outcomes, write_part
from voicemill.store.tables.plan_table import PlanTable
from voicemill.store.tables.timings_tables import TimingsPart

T = TypeVar("T")

SHARDS_OF_A_RUN = 24
"""Prefect spends about 80 ms of CPU on a task; some tens of shards make that small beside any run's work."""

LARGEST_SHARD_ROWS = 5000

_FEWEST_HANDS = 32
"""They cost little while they wait, and a live run may be given more slots than it was started with."""


@dataclass(frozen=True, slots=True)
class Shard:
    """The rows from `start` up to `stop`, counted from 0, and where their part of the table goes.

    Where rows take others' outputs, those of one `level` alone, which can be made once the levels before are done.
    """

    number: int
    start: int
    stop: int
    first_id: str
    last_id: str
    part: Path
    level: int = 0

    @property
    def label(self) -> str:
        """A name that one can read in a list."""
        first, last = printable(self.first_id, 60), printable(self.last_id, 60)
        if self.stop - self.start == 1:
            return f"row {self.start + 1}: {first}"
        step = f", step {self.level + 1}" if self.level else ""
        return f"rows {self.start + 1}–{self.stop}{step}: {first} … {last}"


def cut_shards(plan: PlanTable, parts: Path) -> list[Shard]:
    """Stretches of rows with about the same number of calls; where there are few rows, each is a shard of its own."""
    starts = _starts(plan)
    stops = [*starts[1:], len(plan)]
    ids = plan.ids_at([*starts, *(stop - 1 for stop in stops)])
    return [
        Shard(number, start, stop, ids[start], ids[stop - 1], parts / f"{number:05d}.{level}.parquet", level)
        for number, (start, stop) in enumerate(zip(starts, stops, strict=True))
        for level in plan.levels_in(start, stop)
    ]


def by_level(shards: Sequence[Shard]) -> list[list[Shard]]:
    """The shards that can be worked at once, those first on whose outputs the others wait."""
    found = sorted({shard.level for shard in shards})
    return [[shard for shard in shards if shard.level == level] for level in found]


def _starts(plan: PlanTable) -> list[int]:
    if len(plan) <= SHARDS_OF_A_RUN:
        return list(range(len(plan)))
    calls = np.maximum(plan.calls_per_row(), 1)
    shard_of_row = (np.cumsum(calls) - calls) * SHARDS_OF_A_RUN // calls.sum()
    edges = [0, *(np.flatnonzero(np.diff(shard_of_row)) + 1).tolist(), len(plan)]
    return [start for first, last in pairwise(edges) for start in range(first, last, LARGEST_SHARD_ROWS)]


async def work_shard(
    shard: Shard,
    plan: PlanTable,
    carried: CarriedTypes,
    context: RunContext,
    on_all_begun: Callable[[], None] = lambda: None,
) -> dict[str, int]:
    """Bring every row of the shard to its end and write its part of the table; how many rows ended how.

    `on_all_begun` is called when its last row has begun: from then on another shard may begin. Raises `StorageError`
    when the part cannot be written; a row's own failure is in its outcome.
    """
    outcomes: dict[int, Outcome] = {}
    rules = context.settings
    chosen = Chosen.of(rules.budget, len(plan))
    timings = TimingsPart(shard.part.parent, shard.part.name)
    known = await context.in_table_thread(_known, shard, plan, context)

    async def work(placed: tuple[int, Row]) -> None:
        position, row = placed
        before = known.get(row.id)
        try:
            row_plan = plan_row(await with_outputs(row, context), context.service, rules.long_text, rules.subtitles)
        except NotThere as missing:
            outcome = left_waiting(row, missing, before, context)
        else:
            outcome = await work_row(row_plan, before, context, timings, chosen=position in chosen)
        outcomes[position] = outcome
        if row.id in plan.taken:
            context.made[row.id] = outcome

    rows = plan.rows(shard.start, shard.stop, shard.level)
    await run_concurrently(
        _to_the_end(rows, then=on_all_begun), max(_FEWEST_HANDS, context.limiter.max_concurrency * 2), work
    )
    ended = [outcomes[position] for position in sorted(outcomes)]
    await context.in_thread(context.outputs.sync)
    await context.in_table_thread(timings.commit)
    records = plan.records(shard.start, shard.stop, shard.level)
    await context.in_table_thread(write_part, shard.part, records, ended, carried)
    return {status.value: sum(outcome.status is status for outcome in ended) for status in Status}


def _to_the_end(things: Iterable[T], then: Callable[[], None]) -> Iterator[T]:
    yield from things
    then()


def _known(shard: Shard, plan: PlanTable, context: RunContext) -> dict[str, Outcome]:
    """What earlier tables tell of the shard's rows; where they differ, a file that is there counts for most."""
    known: dict[str, Outcome] = {}
    ids = plan.ids(shard.start, shard.stop) if context.earlier_tables else []
    for table in context.earlier_tables:
        told_at_ns = table.stat().st_mtime_ns
        for row_id, told in known_outcomes([table], ids).items():
            outcome = told if _is_as_told(told, told_at_ns, context) else replace(told, file_name=None)
            if row_id not in known or _weight(outcome) >= _weight(known[row_id]):
                known[row_id] = outcome
    return known


def _weight(outcome: Outcome) -> int:
    return (outcome.status is Status.DONE) + (outcome.file_name is not None)


def _is_as_told(outcome: Outcome, told_at_ns: int, context: RunContext) -> bool:
    """Whether a finished row's files still are what its table says; one whose are not is made again."""
    return outcome.status is not Status.DONE or all(
        context.outputs.is_as_told(name, sha256, told_at_ns) for name, sha256 in _files_of(outcome)
    )


def _files_of(outcome: Outcome) -> list[tuple[str, str]]:
    more = [(made.file_name, made.sha256) for made in outcome.more_files]
    return [(outcome.file_name or "", outcome.sha256 or ""), *more]
