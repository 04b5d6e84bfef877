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

from flows.drain import drain_on_signals
from flows.secret import key_from_block
from flows.service import Service, all_voices, open_service
from flows.shared_slots import shared_slots
from tasks.check import check_manifest
from tasks.progress import report_progress
from tasks.publish import publish_results
from tasks.shard import work_shard_task
from voicemill.api.webhook import post_json
from voicemill.config import Settings, webhook_of
from voicemill.errors import ExitCode
from voicemill.manifest import VoiceBook
from voicemill.model import Status
from voicemill.report.summary import headline
from voicemill.store.answers import AnswerStore
from voicemill.store.ledger import Ledger
from voicemill.store.outputs import OutputFolder
from voicemill.store.results import ResultsFolder
from voicemill.store.tables.plan import PlanTable
from voicemill.work.bench import Bench
from voicemill.work.crew import crew
from voicemill.work.pacing import open_pace, shared_sizes
from voicemill.work.prepare import PlanFacts, load_facts
from voicemill.work.publish import Summary
from voicemill.work.selection import EVERY_ROW, Selection
from voicemill.work.shard import Shard, by_level, cut_shards
from voicemill.work.timed import earlier_timings

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
                voices = VoiceBook(await all_voices(service, settings.pace))
                facts = await check_manifest(manifest, settings, service.name, voices, folder)
            async with _open_bench(settings, service, folder, selection) as bench:
                parts = await _work(bench, folder, facts)
        summary = _summary(manifest, folder, bench, seconds=time.monotonic() - clock)
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
async def _open_bench(
    settings: Settings, service: Service, folder: ResultsFolder, selection: Selection
) -> AsyncIterator[Bench]:
    answers = AnswerStore(folder.answers(settings.answers))
    answers.open()
    if folder.is_cut_short:
        folder.sweep()
    ledger = Ledger(folder.spent)
    bench = Bench(
        settings=settings,
        service=service.name,
        cartesia=service.cartesia,
        answers=answers,
        outputs=OutputFolder(folder.path, folder.written),
        pace=open_pace(settings, service.name, ledger, get_run_logger().info),
        earlier_tables=tuple(folder.earlier_tables()),
        selection=selection,
        timings=earlier_timings(folder),
    )
    try:
        yield bench
    finally:
        bench.close()
        ledger.close()


async def _work(bench: Bench, folder: ResultsFolder, facts: PlanFacts) -> list[Path]:
    plan = PlanTable(folder.plan)
    shards = cut_shards(plan, folder.new_parts(uuid.uuid4().hex[:12]))
    bench.tally.rows, bench.tally.calls = facts.rows, facts.calls
    calls_per_shard = max(1, facts.calls // len(shards))
    # While some shards assemble their files, and others wait for their last calls, there must be work for every slot.
    bench.open_shards.limit = min(16, max(4, math.ceil(2 * bench.pace.most / calls_per_shard)))
    name, sizes = bench.settings.pace.shared_limit, shared_sizes(bench.settings.pace)
    with drain_on_signals(bench.stop), _garbage_of_calls_alone():
        async with report_progress(bench, folder), shared_slots(name, bench.pace.lanes, sizes, bench.stop):
            for ready in by_level(shards):
                await crew(ready, _MOST_SHARDS, partial(_work_one, plan, facts, bench))
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


async def _work_one(plan: PlanTable, facts: PlanFacts, bench: Bench, shard: Shard) -> None:
    """Work a shard; once its last row has begun, the next shard may begin, however long its last call takes."""
    await bench.open_shards.acquire()
    with ExitStack() as open_shard:
        open_shard.callback(bench.open_shards.release)
        await work_shard_task(shard, plan, facts.carried, bench, open_shard.close)


def _summary(manifest: str, folder: ResultsFolder, bench: Bench, seconds: float) -> Summary:
    tally = bench.tally
    rows = {
        Status.DONE: tally.rows_done,
        Status.FAILED: tally.rows_failed,
        Status.REFUSED: tally.rows_refused,
        Status.NOT_STARTED: tally.rows - tally.rows_ended,
    }
    summary = Summary(
        manifest=manifest,
        results=str(folder.path),
        service=bench.service,
        rows={status.value: count for status, count in rows.items()},
        rows_unchanged=tally.rows_unchanged,
        calls_made=tally.calls_made,
        calls_reused=tally.calls_reused,
        retries=tally.retries,
        credits=tally.credits,
        audio_s=round(tally.audio_s, 3),
        heard_s=round(tally.heard_s, 3),
        changed_s=round(tally.changed_s, 3),
        seconds=round(seconds, 3),
    )
    summary.exit_code, summary.reason = _ending(bench, rows)
    return summary


def _ending(bench: Bench, rows: dict[Status, int]) -> tuple[ExitCode, str]:
    if bench.fatal is not None:
        return bench.fatal.exit_code, str(bench.fatal)
    if bench.draining:
        return ExitCode.INTERRUPTED, "interrupted"
    if rows[Status.FAILED]:
        return ExitCode.SOME_FAILED, f"{rows[Status.FAILED]} rows failed"
    if rows[Status.REFUSED]:
        return ExitCode.SOME_REFUSED, f"{rows[Status.REFUSED]} rows were refused"
    return ExitCode.OK, ""
