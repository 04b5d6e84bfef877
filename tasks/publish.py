"""The Prefect task that publishes the tables of a run, and the artifacts that show its progress and result."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from uuid import UUID

from prefect import task
from prefect.artifacts import (
    acreate_link_artifact,
    acreate_markdown_artifact,
    acreate_progress_artifact,
    aupdate_progress_artifact,
)
from prefect.cache_policies import NO_CACHE

from voicemill.config import Settings
from voicemill.html_report.findings import Finding
from voicemill.pipeline.prepare import PlanFacts
from voicemill.pipeline.publish import publish
from voicemill.pipeline.summary import Summary
from voicemill.report.summary import as_markdown
from voicemill.store.results_folder import ResultsFolder


@task(name="publish results", cache_policy=NO_CACHE, persist_result=False)
async def publish_results(
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


async def show_summary(results: ResultsFolder, summary: Summary, findings: Sequence[Finding]) -> None:
    """Show the summary and a link to the report in Prefect. The results are complete even if it cannot be reached."""
    with suppress(Exception):
        page, link = as_markdown(summary, findings), results.report.absolute().as_uri()
        await acreate_markdown_artifact(page, key="summary", description="How the run ended")
        await acreate_link_artifact(link, link, key="report", description="The HTML report of the run, on its machine")


class ProgressArtifact:
    """The progress bar of a run in Prefect, created when the run first reports progress."""

    def __init__(self) -> None:
        self._id: UUID | None = None

    async def show(self, percent: float) -> None:
        """Set the bar to `percent` of the rows."""
        if self._id is None:
            self._id = await acreate_progress_artifact(percent, key="progress", description="Finished rows, in percent")
        else:
            await aupdate_progress_artifact(self._id, percent)
