"""The pipeline of a run: prepare the plan, process its shards, publish the tables."""

import asyncio
import gc
import math
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from voicemill.cartesia.webhook import post_json
from voicemill.config import ApiKey, RunnerChoice, Settings, webhook_of
from voicemill.html_report.findings import find
from voicemill.html_report.write import report_is_current, write_report
from voicemill.manifest import VoiceDirectory
from voicemill.pipeline.context import RunContext
from voicemill.pipeline.distribution.driver import distributed
from voicemill.pipeline.distribution.worker_objects import files_of_run
from voicemill.pipeline.distribution.worker_results import check_inputs
from voicemill.pipeline.graceful_shutdown import StopRequest, stop_on_signals
from voicemill.pipeline.jobs import OpenRun, ShardJob, ShardResult, open_context
from voicemill.pipeline.prepare import PlanFacts, earlier_service, load_facts
from voicemill.pipeline.progress import report_progress
from voicemill.pipeline.run_history import RunHistory
from voicemill.pipeline.selection import EVERY_ROW, Selection
from voicemill.pipeline.settled import settled_shards, write_settled_parts
from voicemill.pipeline.shard import Shard, by_level, split_into_shards
from voicemill.pipeline.steps import RunSteps
from voicemill.pipeline.summary import Summary, summarize
from voicemill.pipeline.workers import run_concurrently
from voicemill.planning.estimate import total_work_s
from voicemill.planning.predictions import CHARACTERS_PER_AUDIO_S
from voicemill.service import all_voices, open_service
from voicemill.store.bucket_copies import place_of
from voicemill.store.bucket_results import AttachedBucket, attached_bucket, check_supported
from voicemill.store.results_folder import ResultsFolder
from voicemill.store.tables.plan_table import PlanTable

_GARBAGE_OBJECTS = 10_000
"""New objects between two passes of the garbage collector; by default it runs every few calls."""

RunOneShard = Callable[[Shard], Awaitable[ShardResult]]

_MOST_SHARDS = 64
"""Shards in progress at a time, including those that only wait for their last calls."""


@dataclass(frozen=True, slots=True)
class RunSpec:
    """The parameters of a run. `plan_id` names a plan that the caller has just prepared in the results folder.

    Rows outside `selection` stay as they are.
    """

    manifest: str
    results: Path
    settings: Settings
    plan_id: str = ""
    selection: Selection = EVERY_ROW


async def execute(
    spec: RunSpec, steps: RunSteps | None = None, key: ApiKey | None = None, stop: StopRequest | None = None
) -> Summary:
    """Process every row of a manifest and publish the tables.

    `steps` executes the steps (default: plain function calls), `key` replaces the key of the environment, and `stop`
    lets another thread stop the run gracefully.

    Raises `ManifestError` before any call is made, `ResultsLockedError`, `StorageError` and `ConfigError`. A rejected
    key, an empty account or a full disk ends in the exit code of the summary; the results so far are published.
    """
    steps, stop = steps or RunSteps(), stop or StopRequest()
    folder, run_id = ResultsFolder(spec.results), uuid.uuid4().hex[:12]
    started_at, clock_s = datetime.now(UTC), time.monotonic()
    with folder.locked():
        folder.remove_progress()
        async with open_service(spec.settings, key, earlier=earlier_service(folder)) as service:
            facts = load_facts(folder, spec.plan_id)
            if facts is None:
                voices = VoiceDirectory(await all_voices(service, spec.settings.pace))
                facts = await steps.prepare(spec.manifest, spec.settings, service.name, voices, folder)
            bucket = _checked_bucket(folder, spec.settings)
            if folder.was_interrupted:
                folder.remove_partials()
            history = RunHistory(time.monotonic)
            log = history.with_log(steps.log)
            async with open_context(run_id, folder, spec.settings, service, spec.selection, log) as opened:
                context = opened.context
                context.history = history
                with stop_on_signals(context.stop), stop.calls(context.stop):
                    async with _workers(spec, run_id, folder, key, opened, steps):
                        parts = await _process(spec, run_id, folder, facts, context, steps)
        seconds = time.monotonic() - clock_s
        summary = summarize(spec.manifest, place_of(folder), context, seconds, facts.dialect)
        await steps.publish(parts, folder, facts, spec.settings, summary, started_at, datetime.now(UTC))
        await _report(folder, summary, steps)
        if bucket is not None:
            await asyncio.to_thread(bucket.store_published)
    await _notify(spec.settings, summary, steps)
    return summary


def _checked_bucket(folder: ResultsFolder, settings: Settings) -> AttachedBucket | None:
    """The object store of the results, with the plan of this run stored there; None if they stay on the disk."""
    bucket = attached_bucket(folder)
    if bucket is not None:
        check_supported(bucket, settings.answers, settings.runner)
        bucket.store_state()
    return bucket


@asynccontextmanager
async def _workers(
    spec: RunSpec, run_id: str, folder: ResultsFolder, key: ApiKey | None, opened: OpenRun, steps: RunSteps
) -> AsyncIterator[None]:
    """Open the workers that the settings name; without any, this process itself processes the shards."""
    choice = RunnerChoice.parse(spec.settings.runner)
    files = files_of_run(folder, run_id)
    placement = steps.placement(choice, files, key)
    if placement is None:
        yield
        return
    if files.address and choice.kind != "process":
        await asyncio.to_thread(check_inputs, folder)
    files.create()
    async with distributed(placement, files, opened, steps.log):
        yield


async def _process(
    spec: RunSpec, run_id: str, folder: ResultsFolder, facts: PlanFacts, context: RunContext, steps: RunSteps
) -> list[Path]:
    shards = split_into_shards(PlanTable(folder.plan), folder.new_parts(run_id), spec.settings.shard_rows)
    context.stats.rows, context.stats.calls = facts.rows, facts.calls + facts.check_calls
    work_s = total_work_s(facts.calls, facts.characters, facts.transcribed_s, facts.converted_s)
    context.stats.work_s = work_s + total_work_s(facts.check_calls, 0, facts.checked_s, 0.0)
    context.stats.audio_total_s = facts.characters / CHARACTERS_PER_AUDIO_S + facts.converted_s
    calls_per_shard = max(1, facts.calls // len(shards))
    # While some shards assemble files and others wait for their last calls, there must be work for every slot.
    context.open_shards.limit = min(16, max(4, math.ceil(2 * context.limiter.max_concurrency / calls_per_shard)))

    async def run(shard: Shard) -> ShardResult:
        job = ShardJob(run_id, folder.path, facts.plan_id, shard, spec.settings, spec.selection)
        return await steps.run_shard(job)

    with _infrequent_garbage_collection():
        async with report_progress(context, folder, steps.show_progress), steps.shared_limit(context):
            settled = await context.in_table_thread(settled_shards, shards, folder, facts, context)
            if len(settled) == len(shards):
                return []
            if settled:
                await context.in_table_thread(write_settled_parts, settled, folder)
            open_shards = [shard for shard in shards if shard not in settled]
            last = await _all_passes(open_shards, spec.settings.pace.passes, run, context, steps.log)
    return [last.get((shard.number, shard.level), shard.part) for shard in shards]


async def _all_passes(
    shards: Sequence[Shard], passes: int, run: RunOneShard, context: RunContext, log: Callable[[str], None]
) -> dict[tuple[int, int], Path]:
    """Process all shards, then those with failed rows again. Returns the last part of each, by number and level."""
    parts = {(shard.number, shard.level): shard.part for shard in shards}
    pending = await _one_pass(shards, run)
    for number in range(2, passes + 1):
        if not context.stats.rows_failed or not pending or context.draining:
            break
        log(f"pass {number}: retrying {sum(map(len, pending.values()))} unfinished rows")
        context.start_retry_pass(number)
        again = [shard.again(number, positions) for shard, positions in pending.items()]
        pending = await _one_pass(again, run)
        parts |= {(shard.number, shard.level): shard.part for shard in again}
    return parts


async def _one_pass(shards: Sequence[Shard], run: RunOneShard) -> dict[Shard, tuple[int, ...]]:
    """Process shards in dependency order. Returns the rows of each that another pass may finish, by position."""
    unfinished: dict[Shard, tuple[int, ...]] = {}

    async def process(shard: Shard) -> None:
        result = await run(shard)
        if result.unfinished:
            unfinished[shard] = result.unfinished

    for level in by_level(shards):
        await run_concurrently(level, _MOST_SHARDS, process)
    return unfinished


@contextmanager
def _infrequent_garbage_collection() -> Iterator[None]:
    """Exclude the objects that exist already from garbage collection, and collect less often.

    Scanning Prefect's many objects again and again took a tenth of a run's CPU. What the program has frozen itself
    stays frozen.
    """
    thresholds, frozen_before = gc.get_threshold(), gc.get_freeze_count()
    gc.freeze()
    gc.set_threshold(_GARBAGE_OBJECTS, *thresholds[1:])
    try:
        yield
    finally:
        gc.set_threshold(*thresholds)
        if not frozen_before:
            gc.unfreeze()


async def _report(folder: ResultsFolder, summary: Summary, steps: RunSteps) -> None:
    """Write the HTML report, and meanwhile show the summary elsewhere. Problems are logged and do not fail the run."""
    try:  # the tables are complete, and `voicemill report` can write the report later
        if not steps.shows_summary and await asyncio.to_thread(report_is_current, folder):
            return
        findings = await asyncio.to_thread(find, folder)
        writing = asyncio.create_task(asyncio.to_thread(write_report, folder, findings))
        await steps.show_summary(folder, summary, findings)
        await writing
    except Exception as error:
        steps.log(f"warning: the report was not written: {error}. Write it with: voicemill report {folder.path}")


async def _notify(settings: Settings, summary: Summary, steps: RunSteps) -> None:
    url = webhook_of(settings)
    error = await post_json(url, {"headline": summary.headline, **asdict(summary)}) if url else ""
    if error:
        steps.log(f"The webhook was not notified of the end of the run: {error}.")
