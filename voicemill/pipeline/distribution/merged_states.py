"""The counters of a run, merged from the states of its workers."""

from collections import Counter
from collections.abc import Callable, Collection, Mapping
from typing import Final

from voicemill.pipeline.context import RunContext, RunStats
from voicemill.pipeline.distribution.job_lines import error_named
from voicemill.pipeline.distribution.worker_files import WorkerState
from voicemill.pipeline.jobs import ShardJob, ShardResult

_ROWS: Final = ("rows_done", "rows_failed", "rows_refused")
_SUMMED: Final = tuple(
    name for name in RunStats.__dataclass_fields__ if name not in ("rows", "calls", "work_s", *_ROWS)
)


class MergedStates:
    """Sets the counters of the run to those of all its workers, and passes on what they report."""

    def __init__(self, context: RunContext, log: Callable[[str], None]) -> None:
        self._context, self._log = context, log
        self._rows: dict[tuple[int, int], dict[str, int]] = {}
        self._logged: Counter[str] = Counter()
        self._read_beats: Counter[str] = Counter()

    def record_shard(self, job: ShardJob, result: ShardResult) -> None:
        """Count the rows of a shard that has ended."""
        self._rows[job.shard.number, job.shard.level] = result.rows

    def update(self, states: Mapping[str, WorkerState], lost: Collection[str]) -> None:
        """Merge the states of all workers, of which some are `lost`."""
        living = {worker: state for worker, state in states.items() if worker not in lost}
        stats = self._context.stats
        for name in _SUMMED:
            counted = living if name in ("rows_unchanged", "rows_assembling", "calls_in_flight") else states
            total = sum(state.stats.get(name, 0) for state in counted.values())
            setattr(stats, name, type(getattr(stats, name))(total))
        for name in _ROWS:
            ended = sum(rows.get(name.removeprefix("rows_"), 0) for rows in self._rows.values())
            begun = sum(state.open_rows.get(name, 0) for state in living.values())
            setattr(stats, name, min(stats.rows, ended + max(0, begun)))
        self._count_errors(sum(state.errors for state in living.values()))
        history = self._context.history
        history.throttled = sum(state.throttled for state in states.values())
        history.errors = sum(state.failed_calls for state in states.values())
        for worker, state in states.items():
            self._pass_on(worker, state, is_lost=worker in lost)

    def _count_errors(self, count: int) -> None:
        while self._context.errors < count and not self._context.draining:
            self._context.count_error()
        self._context.errors = count

    def _pass_on(self, worker: str, state: WorkerState, *, is_lost: bool) -> None:
        """Pass on what is new in a worker's state: its log lines, its latencies, and an error that stops the run."""
        if state.beat == self._read_beats[worker]:
            return
        self._read_beats[worker] = state.beat
        for number, line in state.log:
            if number > self._logged[worker]:
                self._logged[worker] = number
                self._log(f"worker {worker}: {line}")
        for latency_s in state.latencies_s:
            self._context.history.record_latency(latency_s)
        if state.fatal is not None and not is_lost:
            self._context.stop(error_named(*state.fatal))
