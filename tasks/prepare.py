"""The Prefect task that checks a manifest and writes the plan."""

import asyncio

from prefect import task
from prefect.cache_policies import NO_CACHE

from voicemill.config import Settings
from voicemill.manifest import VoiceDirectory
from voicemill.pipeline.prepare import PlanFacts, prepare
from voicemill.store.results_folder import ResultsFolder


@task(name="prepare manifest", cache_policy=NO_CACHE, persist_result=False)
async def prepare_manifest(
    manifest: str, settings: Settings, service: str, voices: VoiceDirectory, results: ResultsFolder
) -> PlanFacts:
    """Check every row and write the plan. Raises `ManifestError` with all problems."""
    return await asyncio.to_thread(prepare, manifest, settings, service, voices, results)
