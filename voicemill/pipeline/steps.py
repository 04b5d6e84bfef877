"""The steps of a run, called directly. A Prefect flow runs the same steps as tasks."""

import asyncio
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from datetime import datetime
from pathlib import Path
from typing import ClassVar

from voicemill.config import ApiKey, RunnerChoice, Settings
from voicemill.errors import ConfigError
from voicemill.html_report.findings import Finding
from voicemill.manifest import VoiceDirectory
from voicemill.pipeline.context import RunContext
from voicemill.pipeline.distribution.dask_workers import dask_workers
from voicemill.pipeline.distribution.driver import Placement
from voicemill.pipeline.distribution.processes import worker_processes
from voicemill.pipeline.distribution.ray_workers import ray_workers
from voicemill.pipeline.distribution.worker_files import WorkerFiles
from voicemill.pipeline.jobs import ShardJob, ShardResult, run_shard
from voicemill.pipeline.prepare import PlanFacts, prepare
from voicemill.pipeline.progress import Progress
from voicemill.pipeline.publish import publish
from voicemill.pipeline.summary import Summary
from voicemill.store.results_folder import ResultsFolder


class RunSteps:
    """How each step of a run is executed: here, as plain function calls in this process."""

    shows_summary: ClassVar[bool] = False
    """Whether `show_summary` does anything."""

    async def prepare(
        self, manifest: str, settings: Settings, service: str, voices: VoiceDirectory, results: ResultsFolder
    ) -> PlanFacts:
        """Check every row and write the plan. Raises `ManifestError` with all problems."""
        return await asyncio.to_thread(prepare, manifest, settings, service, voices, results)

    async def run_shard(self, job: ShardJob) -> ShardResult:
        """Process every row of a shard. Raises `StorageError`."""
        return await run_shard(job)

    def placement(
        self, choice: RunnerChoice, files: WorkerFiles, key: ApiKey | None
    ) -> AbstractAsyncContextManager[Placement] | None:
        """The workers that process the shards of the run; None for this process. Raises `ConfigError`."""
        match choice.kind:
            case "process":
                return worker_processes(choice.processes, files, key)
            case "dask":
                return dask_workers(choice.address)
            case "ray":
                return ray_workers(choice.address)
            case "pool":
                raise ConfigError(
                    f"the runner pool:{choice.pool} needs Prefect; use `voicemill run` or as a Prefect flow"
                )
        return None

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
        """Write the tables that readers load. Raises `StorageError`."""
        await asyncio.to_thread(publish, parts, results, facts, settings, summary, started_at, finished_at)

    async def show_summary(self, results: ResultsFolder, summary: Summary, findings: Sequence[Finding]) -> None:
        """Show the summary of the run somewhere else than in its results. Must not raise."""

    def shared_limit(self, context: RunContext) -> AbstractAsyncContextManager[None]:
        """Keep the run within a concurrency limit that it shares with other runs, if the settings name one."""
        name = context.settings.pace.shared_limit
        if name:
            raise ConfigError(
                f"the shared concurrency limit {name!r} needs Prefect; start the run with `voicemill run` or as a "
                "Prefect flow, or leave pace.shared_limit empty"
            )
        return nullcontext()

    async def show_progress(self, progress: Progress) -> None:
        """Show the progress of the run. Called every few seconds."""

    def log(self, line: str) -> None:
        """Log a change of the limits or of the service's state, with its reason."""
