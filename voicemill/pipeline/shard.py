"""Shards: ranges of the plan's rows, each processed by many workers into its part of the items table."""

import math
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Generic, TypeVar

import numpy as np

from voicemill.errors import StorageError
from voicemill.manifest.problems import printable
from voicemill.model import Outcome, Row, Status
from voicemill.pipeline.context import RunContext
from voicemill.pipeline.dependencies import InputMissing, outcome_without_input, with_outputs
from voicemill.pipeline.passes import RetryPass, after_retry, before_retry, may_pass
from voicemill.pipeline.row import process_row
from voicemill.pipeline.selection import Chosen
from voicemill.pipeline.workers import run_concurrently
from voicemill.planning.row_calls import plan_row
from voicemill.store.tables.items_table import CarriedTypes, known_outcomes, outcomes_by_table, write_part
from voicemill.store.tables.plan_table import PlanTable
from voicemill.store.tables.timings_part import TimingsPart

T = TypeVar("T")

SHARDS_OF_A_RUN = 24
"""Prefect spends about 80 ms of CPU per task, which is negligible for some tens of shards."""

LARGEST_SHARD_ROWS = 1500
"""The outcomes of a shard take 2 kB per row until its last row has ended, and four large shards are open at a time."""

_FEWEST_WORKERS = 32
"""Idle workers cost little, and the concurrency of a live run may be raised above what it started with."""


@dataclass(frozen=True, slots=True)
class Shard:
    """The rows from `start` up to `stop` (counted from 0), and the file for their part of the items table.

    If rows use the output of other rows, a shard contains only the rows of one `level`: those that can be processed
    once all lower levels are done. `retry` is set from the second pass on.
    """

    number: int
    start: int
    stop: int
    first_id: str
    last_id: str
    part: Path
    level: int = 0
    retry: RetryPass | None = None

    @property
    def label(self) -> str:
        """A readable name for lists."""
        first, last = printable(self.first_id, 60), printable(self.last_id, 60)
        again = f", pass {self.retry.number}" if self.retry else ""
        if self.stop - self.start == 1:
            return f"row {self.start + 1}{again}: {first}"
        step = f", step {self.level + 1}" if self.level else ""
        return f"rows {self.start + 1}–{self.stop}{step}{again}: {first} … {last}"

    def again(self, pass_number: int, positions: Sequence[int]) -> "Shard":
        """This shard in a later pass, which processes only the rows at `positions`."""
        first_name = self.part.name.partition(".retry")[0].removesuffix(".parquet")
        # Sorted by name, the tables of later passes come last: they hold the later outcomes.
        part = self.part.with_name(f"{first_name}.retry{pass_number}.parquet")
        return replace(self, part=part, retry=RetryPass(pass_number, tuple(positions), self.part))


@dataclass(frozen=True, slots=True)
class ShardEnd:
    """The result of a shard: the number of rows by status, and the positions of rows that another pass may finish."""

    rows: dict[str, int]
    unfinished: tuple[int, ...] = ()


def split_into_shards(plan: PlanTable, parts: Path, shard_rows: int = 0) -> list[Shard]:
    """Ranges of `shard_rows` rows; if that is 0, ranges with about the same number of calls.

    A short plan then has one row per shard.
    """
    starts = list(range(0, len(plan), shard_rows)) if shard_rows else _starts(plan)
    stops = [*starts[1:], len(plan)]
    ids = plan.ids_at([*starts, *(stop - 1 for stop in stops)])
    return [
        Shard(number, start, stop, ids[start], ids[stop - 1], parts / f"{number:05d}.{level}.parquet", level)
        for number, (start, stop) in enumerate(zip(starts, stops, strict=True))
        for level in plan.levels_in(start, stop)
    ]


def by_level(shards: Sequence[Shard]) -> list[list[Shard]]:
    """Groups of shards that can be processed at the same time, in dependency order."""
    found = sorted({shard.level for shard in shards})
    return [[shard for shard in shards if shard.level == level] for level in found]


def _starts(plan: PlanTable) -> list[int]:
    if len(plan) <= SHARDS_OF_A_RUN:
        return list(range(len(plan)))
    calls = np.maximum(plan.calls_per_row(), 1)
    shard_of_row = (np.cumsum(calls) - calls) * SHARDS_OF_A_RUN // calls.sum()
    edges = [0, *(np.flatnonzero(np.diff(shard_of_row)) + 1).tolist(), len(plan)]
    return [start for first, last in pairwise(edges) for start in _evenly(first, last)]


def _evenly(first: int, last: int) -> Iterator[int]:
    """The starts of ranges of about the same size, each of at most `LARGEST_SHARD_ROWS`."""
    count = math.ceil((last - first) / LARGEST_SHARD_ROWS)
    return (first + (last - first) * number // count for number in range(count))


async def process_shard(
    shard: Shard,
    plan: PlanTable,
    carried: CarriedTypes,
    context: RunContext,
    on_few_left: Callable[[], None] = lambda: None,
) -> ShardEnd:
    """Process every row of the shard and write its part of the items table.

    Calls `on_few_left` when fewer rows are left than there are slots: another shard may start then. Raises
    `StorageError` if the part cannot be written; the failure of a row is in its outcome.
    """
    timings = TimingsPart(shard.part.parent, shard.part.name)
    known = await context.in_table_thread(_known, shard, plan, context)
    earlier = await context.in_table_thread(_earlier, shard, plan)
    work = _ShardRows(shard, plan, context, timings, known, earlier)
    slots = context.limiter.max_concurrency
    queue = _Queue(plan.rows(shard.start, shard.stop, shard.level), slots, on_few_left)
    await run_concurrently(queue, max(_FEWEST_WORKERS, slots * 2), queue.counting(work.process))
    context.check_not_lost()
    ended = [work.outcomes[position] for position in sorted(work.outcomes)]
    await context.in_thread(context.outputs.sync)
    await context.in_table_thread(timings.commit)
    records = plan.records(shard.start, shard.stop, shard.level)
    await context.in_table_thread(write_part, shard.part, records, ended, carried)
    await context.in_thread(context.outputs.store_part, shard.part)
    counts = {status.value: sum(outcome.status is status for outcome in ended) for status in Status}
    return ShardEnd(counts, tuple(sorted(work.unfinished)))


class _ShardRows:
    """Processes the rows of a shard. `known` are outcomes of earlier runs, `earlier` those of the pass before."""

    def __init__(
        self,
        shard: Shard,
        plan: PlanTable,
        context: RunContext,
        timings: TimingsPart,
        known: Mapping[str, Outcome],
        earlier: Mapping[str, Outcome],
    ) -> None:
        self._plan, self._context, self._timings, self._known, self._earlier = plan, context, timings, known, earlier
        self._chosen = Chosen.of(context.settings.budget, len(plan))
        self._again = frozenset(shard.retry.positions if shard.retry else ())
        self.outcomes: dict[int, Outcome] = {}
        self.unfinished: list[int] = []

    async def process(self, numbered: tuple[int, Row]) -> None:
        """Process one row; in a later pass, a row that is not retried keeps its outcome."""
        position, row = numbered
        known, earlier = self._known.get(row.id), self._earlier.get(row.id)
        if earlier is not None and position not in self._again:
            self.outcomes[position] = earlier
            return
        if earlier is not None:
            before_retry(earlier, known, self._context)
        outcome = await self._processed(position, row, known)
        if earlier is not None:
            outcome = after_retry(earlier, outcome, self._context)
        if outcome is not known and may_pass(outcome):
            self.unfinished.append(position)
        self.outcomes[position] = outcome
        if row.id in self._plan.used_ids:
            self._context.made[row.id] = outcome

    async def _processed(self, position: int, row: Row, known: Outcome | None) -> Outcome:
        context, rules = self._context, self._context.settings
        try:
            row_plan = plan_row(await with_outputs(row, context), context.service, rules.long_text, rules.subtitles)
        except InputMissing as missing:
            return outcome_without_input(row, missing, known, context)
        row_plan = context.regenerated.apply(row_plan)
        return await process_row(row_plan, known, context, self._timings, chosen=position in self._chosen)


class _Queue(Generic[T]):
    """The rows of a shard, in order. Calls `on_few_left` once, when at most `few` of them are left."""

    def __init__(self, rows: Iterable[T], few: int, on_few_left: Callable[[], None]) -> None:
        self._rows, self._few, self._on_few_left = rows, few, on_few_left
        self._in_progress = 0
        self._is_empty = False

    def __iter__(self) -> Iterator[T]:
        for row in self._rows:
            self._in_progress += 1
            yield row
        self._is_empty = True
        self._check()

    def counting(self, process: Callable[[T], Awaitable[None]]) -> Callable[[T], Awaitable[None]]:
        """`process`, which also counts the rows that have ended."""

        async def counted(row: T) -> None:
            await process(row)
            self._in_progress -= 1
            self._check()

        return counted

    def _check(self) -> None:
        if self._is_empty and self._in_progress <= self._few:
            self._on_few_left()
            self._few = -1


def _known(shard: Shard, plan: PlanTable, context: RunContext) -> dict[str, Outcome]:
    """Outcomes of the shard's rows in earlier tables. If tables differ, the outcome whose file exists wins."""
    known: dict[str, Outcome] = {}
    ids = plan.ids(shard.start, shard.stop) if context.earlier_tables else []
    for table, outcomes in outcomes_by_table(context.earlier_tables, ids):
        written_ns = table.stat().st_mtime_ns
        for found in outcomes:
            outcome = found if _has_its_files(found, written_ns, context) else replace(found, file_name=None)
            if found.id not in known or _weight(outcome) >= _weight(known[found.id]):
                known[found.id] = outcome
    return known


def _earlier(shard: Shard, plan: PlanTable) -> dict[str, Outcome]:
    """The outcomes of the shard's rows in the pass before; none in the first pass. Raises `StorageError`."""
    if shard.retry is None:
        return {}
    found = known_outcomes([shard.retry.earlier_part], plan.ids(shard.start, shard.stop))
    if not found:
        raise StorageError(f"{shard.retry.earlier_part} cannot be read back; rerun the command")
    return found


def _weight(outcome: Outcome) -> int:
    return (outcome.status is Status.DONE) + (outcome.file_name is not None)


def _has_its_files(outcome: Outcome, written_ns: int, context: RunContext) -> bool:
    """Whether a finished row's files are those that its table describes; otherwise the row is assembled again."""
    return outcome.status is not Status.DONE or all(
        context.outputs.is_unchanged(name, sha256, written_ns) for name, sha256 in _files_of(outcome)
    )


def _files_of(outcome: Outcome) -> list[tuple[str, str]]:
    more = [(made.file_name, made.sha256) for made in outcome.more_files]
    return [(outcome.file_name or "", outcome.sha256 or ""), *more]
