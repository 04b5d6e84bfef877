"""The task that checks a manifest."""

import asyncio

from prefect import task
from prefect.cache_policies import NO_CACHE

from voicemill.config import Settings
from voicemill.manifest import VoiceDirectory
from voicemill.run.prepare import PlanFacts, prepare
from voicemill.store.results_folder import ResultsFolder


@task(name="check manifest", cache_policy=NO_CACHE, persist_result=False)
async def check_manifest(
    manifest: str, settings: Settings, service: str, voices: VoiceDirectory, results: ResultsFolder
) -> PlanFacts:
    """Check every row and write the plan. Raises `ManifestError` with every problem."""
    return await asyncio.to_thread(prepare, manifest, settings, service, voices, results)
