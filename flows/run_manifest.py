"""The shape of every run: read, plan, fan out, collect, publish."""

import gc
import math
import time
import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from prefect.client.schemas.objects import State
from prefect.logging import get_run_logger
from prefect.states import Completed, Failed

from flows.graceful_shutdown import drain_on_signals
from flows.secret import key_from_block
from flows.shared_concurrency import shared_slots
from tasks.check import check_manifest
from tasks.progress import report_progress
from tasks.publish import publish_results
from tasks.shard import work_shard_task
from voicemill.cartesia.webhook import post_json
from voicemill.config import Settings, webhook_of
from voicemill.errors import ExitCode
from voicemill.manifest import VoiceDirectory
from voicemill.model import Status
from voicemill.report.summary import headline
from voicemill.run.context import RunContext
from voicemill.run.limiter_setup import open_limiter, shared_sizes
from voicemill.run.prepare import PlanFacts, load_facts
from voicemill.run.publish import Summary
from voicemill.run.selection import EVERY_ROW, Selection
from voicemill.run.shard import Shard, by_level, cut_shards
from voicemill.run.word_timings import earlier_timings
from voicemill.run.workers import run_concurrently
from voicemill.service import Service, all_voices, open_service
from voicemill.store.answer_store import AnswerStore
from voicemill.store.output_folder import OutputFolder
from voicemill.store.results_folder import ResultsFolder
from voicemill.store.spend_ledger import Ledger
from voicemill.store.tables.plan_table import PlanTable

_GARBAGE_OBJECTS = 10_000
"""How many new objects make the garbage collector look; by default it looks again every few calls."""

_MOST_SHARDS = 64
"""Shards under way, those that only wait for their last calls included."""


async def run_manifest(
    manifest: str, results: Path, settings: Settings, *, plan_id: str = "", selection: Selection = EVERY_ROW
) -> Summary:
    """Bring every row of `manifest` to its end and publish the tables; rows outside `selection` stay as they are.

    `plan_id` names the plan that the caller has just prepared in the results folder. Raises `ManifestError`
    before anything is paid for, `ResultsLockedError`, `StorageError`, `ConfigError`. A key that is refused, an empty
    account and a full disk end in the summary's exit code: what was done until then is published.
    """
    folder = ResultsFolder(results)
    started_at, clock = datetime.now(UTC), time.monotonic()
    with folder.locked():
        async with open_service(settings, await key_from_block(settings)) as service:
            facts = load_facts(folder, plan_id)
            if facts is None:
                voices = VoiceDirectory(await all_voices(service, settings.pace))
                facts = await check_manifest(manifest, settings, service.name, voices, folder)
            async with _open_context(settings, service, folder, selection) as context:
                parts = await _work(context, folder, facts)
        summary = _summary(manifest, folder, context, seconds=time.monotonic() - clock)
        await publish_results(parts, folder, facts, settings, summary, started_at, datetime.now(UTC))
    await _tell(settings, summary)
    return summary


async def _tell(settings: Settings, summary: Summary) -> None:
    url = webhook_of(settings)
    fault = await post_json(url, {"headline": headline(summary), **asdict(summary)}) if url else ""
    if fault:
        get_run_logger().warning("The webhook was not told how the run ended: %s.", fault)


def ending_state(summary: Summary) -> State[Summary]:
    """The state in which a flow ends that ended as `summary` says: failed where a row did not finish."""
    end = Completed if summary.exit_code == ExitCode.OK else Failed
    return end(message=headline(summary), data=summary)


@asynccontextmanager
async def _open_context(
    settings: Settings, service: Service, folder: ResultsFolder, selection: Selection
) -> AsyncIterator[RunContext]:
    answers = AnswerStore(folder.answers(settings.answers))
    answers.open()
    if folder.is_cut_short:
        folder.sweep()
    ledger = Ledger(folder.spent)
    context = RunContext(
        settings=settings,
        service=service.name,
        cartesia=service.cartesia,
        answers=answers,
        outputs=OutputFolder(folder.path, folder.written),
        limiter=open_limiter(settings, service.name, ledger, get_run_logger().info),
        earlier_tables=tuple(folder.earlier_tables()),
        selection=selection,
        timings=earlier_timings(folder),
    )
    try:
        yield context
    finally:
        context.close()
        ledger.close()


async def _work(context: RunContext, folder: ResultsFolder, facts: PlanFacts) -> list[Path]:
    plan = PlanTable(folder.plan)
    shards = cut_shards(plan, folder.new_parts(uuid.uuid4().hex[:12]))
    context.stats.rows, context.stats.calls = facts.rows, facts.calls
    calls_per_shard = max(1, facts.calls // len(shards))
    # While some shards assemble their files, and others wait for their last calls, there must be work for every slot.
    context.open_shards.limit = min(16, max(4, math.ceil(2 * context.limiter.max_concurrency / calls_per_shard)))
    name, sizes = context.settings.pace.shared_limit, shared_sizes(context.settings.pace)
    with drain_on_signals(context.stop), _garbage_of_calls_alone():
        async with report_progress(context, folder), shared_slots(name, context.limiter.by_family, sizes, context.stop):
            for ready in by_level(shards):
                await run_concurrently(ready, _MOST_SHARDS, partial(_work_one, plan, facts, context))
    return [shard.part for shard in shards]


@contextmanager
def _garbage_of_calls_alone() -> Iterator[None]:
    """Within, the garbage collector leaves alone what was there before: Prefect's many objects, which took it a tenth
    of a run's CPU to look through again and again."""
    thresholds = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(_GARBAGE_OBJECTS, *thresholds[1:])
    try:
        yield
    finally:
        gc.set_threshold(*thresholds)
        gc.unfreeze()


async def _work_one(plan: PlanTable, facts: PlanFacts, context: RunContext, shard: Shard) -> None:
    """Work a shard; once its last row has begun, the next shard may begin, however long its last call takes."""
    await context.open_shards.acquire()
    with ExitStack() as open_shard:
        open_shard.callback(context.open_shards.release)
        await work_shard_task(shard, plan, facts.carried, context, open_shard.close)


def _summary(manifest: str, folder: ResultsFolder, context: RunContext, seconds: float) -> Summary:
    stats = context.stats
    rows = {
        Status.DONE: stats.rows_done,
        Status.FAILED: stats.rows_failed,
        Status.REFUSED: stats.rows_refused,
        Status.NOT_STARTED: stats.rows - stats.rows_ended,
    }
    summary = Summary(
        manifest=manifest,
        results=str(folder.path),
        service=context.service,
        rows={status.value: count for status, count in rows.items()},
        rows_unchanged=stats.rows_unchanged,
        calls_made=stats.calls_made,
        calls_reused=stats.calls_reused,
        retries=stats.retries,
        credits=stats.credits,
        audio_s=round(stats.audio_s, 3),
        transcribed_s=round(stats.transcribed_s, 3),
        converted_s=round(stats.converted_s, 3),
        seconds=round(seconds, 3),
    )
    summary.exit_code, summary.reason = _ending(context, rows)
    return summary


def _ending(context: RunContext, rows: dict[Status, int]) -> tuple[ExitCode, str]:
    if context.fatal is not None:
        return context.fatal.exit_code, str(context.fatal)
    if context.draining:
        return ExitCode.INTERRUPTED, "interrupted"
    if rows[Status.FAILED]:
        return ExitCode.SOME_FAILED, f"{rows[Status.FAILED]} rows failed"
    if rows[Status.REFUSED]:
        return ExitCode.SOME_REFUSED, f"{rows[Status.REFUSED]} rows were refused"
    return ExitCode.OK, ""
