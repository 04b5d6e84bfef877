"""Jobs of a run as plain, picklable data, and the run contexts that are open in this process."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from voicemill.config import ApiKey, Settings
from voicemill.errors import ConfigError
from voicemill.limits.budget import Limits
from voicemill.pipeline.context import RunContext
from voicemill.pipeline.limiter_setup import open_limiter
from voicemill.pipeline.prepare import earlier_service, load_facts
from voicemill.pipeline.regenerated import RegeneratedPassages
from voicemill.pipeline.selection import EVERY_ROW, Selection
from voicemill.pipeline.shard import Shard, ShardEnd, process_shard
from voicemill.pipeline.word_timings import earlier_timings
from voicemill.service import Service, open_recognizer, open_service
from voicemill.store.answer_store import AnswerStore
from voicemill.store.output_folder import OutputFolder
from voicemill.store.results_folder import ResultsFolder
from voicemill.store.spend_ledger import Ledger
from voicemill.store.tables.items_table import CarriedTypes, known_outcomes
from voicemill.store.tables.plan_table import PlanTable
from voicemill.store.verdict_cache import VerdictCache


@dataclass(frozen=True, slots=True)
class BudgetGrant:
    """The share of a run's limits that a process may use: credits, calls, and concurrent calls.

    None for `credits` or `calls` means no limit.
    """

    max_concurrency: int
    credits: float | None = None
    calls: int | None = None


@dataclass(frozen=True, slots=True)
class ShardJob:
    """Process one shard of a run. Plain data: another process or machine that sees the results folder can do it.

    `grant` is needed only where the run's own context is not open.
    """

    run_id: str
    results: Path
    plan_id: str
    shard: Shard
    settings: Settings
    selection: Selection = EVERY_ROW
    grant: BudgetGrant | None = None

    @property
    def label(self) -> str:
        """A readable name for lists."""
        return self.shard.label


@dataclass(frozen=True, slots=True)
class ShardResult:
    """The result of a shard: rows by status, calls made and their credits, both 0 if the run itself counts them.

    `unfinished` are the positions of rows that another pass may finish.
    """

    rows: dict[str, int]
    calls_made: int = 0
    credits: float = 0.0
    unfinished: tuple[int, ...] = ()


@dataclass(slots=True)
class _OpenRun:
    """A run whose context is open in this process. Its plan is opened once, by its first shard."""

    context: RunContext
    plan: PlanTable | None = None
    carried: CarriedTypes | None = None

    def open_plan(self, job: ShardJob) -> tuple[PlanTable, CarriedTypes]:
        """The plan table and the types of the carried columns. Raises `ConfigError` if the folder has another plan."""
        if self.plan is None or self.carried is None:
            folder = ResultsFolder(job.results)
            facts = load_facts(folder, job.plan_id)
            if facts is None:
                raise ConfigError(
                    f"{job.results} does not hold the plan that this shard belongs to; start the run again"
                )
            self.plan, self.carried = PlanTable(folder.plan), facts.carried
        return self.plan, self.carried


_open_runs: dict[str, _OpenRun] = {}


@asynccontextmanager
async def open_context(
    run_id: str,
    folder: ResultsFolder,
    settings: Settings,
    service: Service,
    selection: Selection,
    log: Callable[[str], None],
) -> AsyncIterator[RunContext]:
    """Open the context of the run `run_id`, for the jobs of the run in this process.

    Raises `StorageError`, and `ConfigError` if the recognizer that the settings name is not installed.
    """
    async with open_recognizer(settings, service) as recognizer:
        ledger = Ledger(folder.spent)
        context = _context(folder, settings, service, recognizer, selection, ledger, log)
        _open_runs[run_id] = _OpenRun(context)
        try:
            yield context
        finally:
            del _open_runs[run_id]
            context.close()
            ledger.close()


async def run_shard(job: ShardJob, key: ApiKey | None = None) -> ShardResult:
    """Process one shard, in the run's context if it is open in this process, otherwise in a new context.

    `key` replaces the key of the environment in a new context.
    Raises `StorageError` if the shard's part cannot be written, and `ConfigError` if the job does not fit the folder.
    """
    opened = _open_runs.get(job.run_id)
    if opened is not None:
        end = await _process(job, opened)
        return ShardResult(end.rows, unfinished=end.unfinished)
    async with _own_context(job, key) as own:
        end = await _process(job, _OpenRun(own))
        return ShardResult(end.rows, own.stats.calls_made, own.stats.credits, end.unfinished)


async def _process(job: ShardJob, run: _OpenRun) -> ShardEnd:
    """Process the shard; once its last row has started, the next shard may start, however long its last call takes."""
    plan, carried = run.open_plan(job)
    await run.context.open_shards.acquire()
    release = _once(run.context.open_shards.release)
    try:
        return await process_shard(job.shard, plan, carried, run.context, release)
    finally:
        release()


def _once(call: Callable[[], None]) -> Callable[[], None]:
    pending = [call]

    def called() -> None:
        if pending:
            pending.pop()()

    return called


@asynccontextmanager
async def _own_context(job: ShardJob, key: ApiKey | None) -> AsyncIterator[RunContext]:
    if job.grant is None:
        raise ConfigError("this process does not run the whole manifest; a shard processed here needs a budget grant")
    limits = {"min_concurrency": job.grant.max_concurrency, "max_concurrency": job.grant.max_concurrency}
    pace = job.settings.pace.model_copy(update=limits | {"start_concurrency": 0})
    settings = job.settings.model_copy(update={"pace": pace})
    folder = ResultsFolder(job.results)
    async with (
        open_service(settings, key, earlier=earlier_service(folder)) as service,
        open_recognizer(settings, service) as recognizer,
    ):
        ledger = Ledger(folder.parts / job.run_id / f"{job.shard.part.stem}.spent.json")
        selection = job.selection
        context = _context(folder, settings, service, recognizer, selection, ledger, lambda _line: None, job.grant)
        context.made |= known_outcomes(folder.earlier_tables(), sorted(PlanTable(folder.plan).used_ids))
        if job.shard.retry is not None:
            context.start_retry_pass(job.shard.retry.number)
            context.earlier_tables = tuple(
                table for table in context.earlier_tables if table.parent != job.shard.part.parent
            )
        try:
            yield context
        finally:
            context.close()
            ledger.close()


def _context(
    folder: ResultsFolder,
    settings: Settings,
    service: Service,
    recognizer: Service,
    selection: Selection,
    ledger: Ledger,
    log: Callable[[str], None],
    grant: BudgetGrant | None = None,
) -> RunContext:
    answers = AnswerStore(folder.answers(settings.answers))
    answers.open()
    limits = None if grant is None else Limits(grant.credits, grant.calls)
    return RunContext(
        settings=settings,
        service=service.name,
        cartesia=service.cartesia,
        recognizer=recognizer,
        answers=answers,
        outputs=OutputFolder(folder.path, folder.written),
        limiter=open_limiter(settings, service.name, ledger, log, limits),
        earlier_tables=tuple(folder.earlier_tables()),
        selection=selection,
        timings=earlier_timings(folder),
        regenerated=RegeneratedPassages(folder.regenerated),
        verdicts=VerdictCache(folder.verdicts),
    )
