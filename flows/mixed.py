"""The flow for manifests whose rows name their own operations."""

from pathlib import Path

from prefect import flow
from prefect.client.schemas.objects import State

from flows.run_manifest import run_manifest
from voicemill.config import Settings
from voicemill.pipeline.execute import RunSpec
from voicemill.pipeline.selection import EVERY_ROW, Selection
from voicemill.pipeline.summary import Summary

DEFAULT_SETTINGS = Settings()


@flow(name="mixed", persist_result=False, validate_parameters=True)
async def mixed(
    manifest: str,
    results: str,
    settings: Settings = DEFAULT_SETTINGS,
    plan_id: str = "",
    selection: Selection = EVERY_ROW,
) -> State[Summary]:
    """Process every row of a manifest by its own operation.

    Results go to the folder `results`. Completed rows and calls of earlier runs are not repeated.
    `plan_id` names a plan that is prepared in the folder already; `selection` limits which rows are processed.
    The flow ends as Failed if a row is not done; the results folder says which and why, and the same run again
    resumes.
    """
    return await run_manifest(RunSpec(manifest, Path(results), settings, plan_id, selection))
