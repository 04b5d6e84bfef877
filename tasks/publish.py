"""The task that publishes the tables, and the artifacts that show the result in Prefect's pages."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from prefect import task
from prefect.artifacts import acreate_markdown_artifact
from prefect.cache_policies import NO_CACHE

from voicemill.config import Settings
from voicemill.report.summary import as_markdown
from voicemill.run.prepare import PlanFacts
from voicemill.run.publish import Summary, publish
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
    """Write what readers load, and show the summary. Raises `StorageError`."""
    await asyncio.to_thread(publish, parts, results, facts, settings, summary, started_at, finished_at)
    with suppress(Exception):  # a display that cannot be reached undoes no work
        await acreate_markdown_artifact(as_markdown(summary), key="summary", description="How the run ended")
