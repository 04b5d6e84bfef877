"""Run the pipeline inside a Prefect flow: its steps are Prefect tasks, and its log lines go to the flow run."""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from pathlib import Path
from typing import ClassVar

from prefect.client.schemas.objects import State
from prefect.logging import get_run_logger
from prefect.states import Completed, Failed

from flows.pool_workers import pool_workers
from flows.secret import key_from_block
from flows.shared_concurrency import shared_slots
from tasks.prepare import prepare_manifest
from tasks.publish import ProgressArtifact, publish_results, show_summary
from tasks.shard import process_shard
from voicemill.config import ApiKey, RunnerChoice, Settings
from voicemill.errors import ExitCode
from voicemill.html_report.findings import Finding
from voicemill.manifest import VoiceDirectory
from voicemill.pipeline.context import RunContext
from voicemill.pipeline.distribution.driver import Placement
from voicemill.pipeline.distribution.worker_files import WorkerFiles
from voicemill.pipeline.execute import RunSpec, execute
from voicemill.pipeline.jobs import ShardJob, ShardResult
from voicemill.pipeline.limiter_setup import shared_sizes
from voicemill.pipeline.prepare import PlanFacts
from voicemill.pipeline.progress import Progress
from voicemill.pipeline.steps import RunSteps
from voicemill.pipeline.summary import Summary
from voicemill.store.results_folder import ResultsFolder


class PrefectSteps(RunSteps):
    """The steps of a run as Prefect tasks."""

    shows_summary: ClassVar[bool] = True

    def __init__(self) -> None:
        self._log = get_run_logger()
        self._progress = ProgressArtifact()

    async def prepare(
        self, manifest: str, settings: Settings, service: str, voices: VoiceDirectory, results: ResultsFolder
    ) -> PlanFacts:
        """Check every row and write the plan, as a task."""
        return await prepare_manifest(manifest, settings, service, voices, results)

    async def run_shard(self, job: ShardJob) -> ShardResult:
        """Process a shard, as a task."""
        return await process_shard(job)

    def placement(
        self, choice: RunnerChoice, files: WorkerFiles, key: ApiKey | None
    ) -> AbstractAsyncContextManager[Placement] | None:
        """The workers that process the shards of the run, also those of a work pool. Raises `ConfigError`."""
        return pool_workers(choice.pool, files) if choice.kind == "pool" else super().placement(choice, files, key)

    async def publish(
        self,
        parts: Sequence[Path],
        results: ResultsFolder,
        facts: PlanFacts,
        settings: Settings,
        summary: Summary,
        started_at: datetime,
        finished_at: datetime,
    ) -> None:
        """Publish the tables, as a task."""
        await publish_results(parts, results, facts, settings, summary, started_at, finished_at)

    async def show_summary(self, results: ResultsFolder, summary: Summary, findings: Sequence[Finding]) -> None:
        """Show the summary and a link to the report in Prefect."""
        await show_summary(results, summary, findings)

    def shared_limit(self, context: RunContext) -> AbstractAsyncContextManager[None]:
        """Keep the run within a global concurrency limit of Prefect, if the settings name one."""
        pace = context.settings.pace
        return shared_slots(pace.shared_limit, context.limiter.by_family, shared_sizes(pace), context.stop)

    async def show_progress(self, progress: Progress) -> None:
        """Update the progress bar in Prefect."""
        ended = progress["rows_done"] + progress["rows_failed"] + progress["rows_refused"]
        await self._progress.show(100.0 * ended / max(1, progress["rows"]))

    def log(self, line: str) -> None:
        """Log to the flow run."""
        self._log.info(line)


async def run_manifest(spec: RunSpec) -> State[Summary]:
    """Run the pipeline in the current flow run. The state is Failed if a row is not done.

    Raises `ManifestError` before any call is made, `ResultsLockedError`, `StorageError`, `ConfigError`.
    """
    summary = await execute(spec, PrefectSteps(), await key_from_block(spec.settings))
    final = Completed if summary.exit_code == ExitCode.OK else Failed
    return final(message=summary.headline, data=summary)
