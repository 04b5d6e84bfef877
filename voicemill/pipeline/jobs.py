"""Jobs of a run as plain, picklable data, and the run contexts that are open in this process."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from voicemill import __version__
from voicemill.config import Settings
from voicemill.errors import ConfigError
from voicemill.limits.call_limiter import CallLimiter
from voicemill.pipeline.context import RunContext
from voicemill.pipeline.distribution.earlier_workers import end_earlier_workers
from voicemill.pipeline.limiter_setup import open_limiter
from voicemill.pipeline.prepare import load_facts
from voicemill.pipeline.regenerated import RegeneratedPassages
from voicemill.pipeline.selection import EVERY_ROW, Selection
from voicemill.pipeline.shard import Shard, process_shard
from voicemill.pipeline.word_timings import earlier_timings
from voicemill.service import Service, open_recognizer
from voicemill.store.bucket_files import answers_of, outputs_of
from voicemill.store.results_folder import ResultsFolder
from voicemill.store.spend_ledger import Ledger
from voicemill.store.tables.items_table import CarriedTypes
from voicemill.store.tables.plan_table import PlanTable
from voicemill.store.verdict_cache import VerdictCache


@dataclass(frozen=True, slots=True)
class ShardJob:
    """Process one shard of a run. Plain data: another process or machine that sees the results can do it.

    If the results are in an object store, `address` names them, and the paths of parts are below the results.
    `service`, `recognizer` and `version` are those of the run: a worker with others refuses the job.
    `attempt` identifies one attempt of the driver to have it done.
    """

    run_id: str
    results: Path
    plan_id: str
    shard: Shard
    settings: Settings
    selection: Selection = EVERY_ROW
    service: str = ""
    recognizer: str = ""
    version: str = __version__
    attempt: str = ""
    address: str = ""

    @property
    def label(self) -> str:
        """A readable name for lists."""
        return self.shard.label


@dataclass(frozen=True, slots=True)
class ShardResult:
    """The result of a shard: rows by status, and the positions of `unfinished` rows, which another pass may finish."""

    rows: dict[str, int]
    unfinished: tuple[int, ...] = ()


ProcessJob = Callable[[ShardJob], Awaitable[ShardResult]]


@dataclass(slots=True)
class OpenRun:
    """A run whose context is open in this process. Its plan is opened once, by its first shard.

    `elsewhere` processes its shards in worker processes; None if this process does.
    """

    context: RunContext
    elsewhere: ProcessJob | None = None
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


_open_runs: dict[str, OpenRun] = {}


@asynccontextmanager
async def open_context(
    run_id: str,
    folder: ResultsFolder,
    settings: Settings,
    service: Service,
    selection: Selection,
    log: Callable[[str], None],
) -> AsyncIterator[OpenRun]:
    """Open the context of the run `run_id`, for the jobs of the run in this process.

    Raises `StorageError`, and `ConfigError` if the recognizer that the settings name is not installed.
    """
    async with open_recognizer(settings, service) as recognizer:
        ledger = Ledger(folder.spent)
        await end_earlier_workers(folder, ledger)
        limiter = open_limiter(settings, service.name, ledger, log)
        context = new_context(folder, settings, service, recognizer, selection, limiter)
        opened = _open_runs[run_id] = OpenRun(context)
        try:
            yield opened
        finally:
            del _open_runs[run_id]
            context.close()
            ledger.close()


async def run_shard(job: ShardJob) -> ShardResult:
    """Process one shard of a run that is open in this process, here or in a worker process.

    Raises `StorageError` if the shard's part cannot be written, and `ConfigError` if the job does not fit the folder.
    """
    opened = _open_runs.get(job.run_id)
    if opened is None:
        raise ConfigError("the run that this shard belongs to is not open in this process; start the run again")
    return await (opened.elsewhere(job) if opened.elsewhere is not None else process_job(job, opened))


async def process_job(job: ShardJob, run: OpenRun) -> ShardResult:
    """Process a shard in this process. Once its rows cannot use all slots, the next shard may start.

    The shard's last calls may take long, and other shards use the free slots meanwhile.
    """
    plan, carried = run.open_plan(job)
    await run.context.open_shards.acquire()
    release = _once(run.context.open_shards.release)
    try:
        end = await process_shard(job.shard, plan, carried, run.context, release)
    finally:
        release()
    return ShardResult(end.rows, end.unfinished)


def _once(call: Callable[[], None]) -> Callable[[], None]:
    pending = [call]

    def called() -> None:
        if pending:
            pending.pop()()

    return called


def new_context(
    folder: ResultsFolder,
    settings: Settings,
    service: Service,
    recognizer: Service,
    selection: Selection,
    limiter: CallLimiter,
) -> RunContext:
    """The context of a run, with the answer store open. Raises `StorageError` and `ConfigError`."""
    answers = answers_of(folder, settings.answers)
    answers.open()
    return RunContext(
        settings=settings,
        service=service.name,
        cartesia=service.cartesia,
        recognizer=recognizer,
        answers=answers,
        outputs=outputs_of(folder),
        limiter=limiter,
        earlier_tables=tuple(folder.earlier_tables()),
        selection=selection,
        timings=earlier_timings(folder),
        regenerated=RegeneratedPassages(folder.regenerated),
        verdicts=VerdictCache(folder.verdicts),
    )
