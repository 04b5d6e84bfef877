"""The flow that fills gaps in recordings."""

from pathlib import Path

from prefect import flow
from prefect.client.schemas.objects import State

from flows.run_manifest import run_manifest
from voicemill.config import Settings
from voicemill.pipeline.execute import RunSpec
from voicemill.pipeline.selection import EVERY_ROW, Selection
from voicemill.pipeline.summary import Summary

DEFAULT_SETTINGS = Settings()


@flow(name="infill", persist_result=False, validate_parameters=True)
async def infill(
    manifest: str,
    results: str,
    settings: Settings = DEFAULT_SETTINGS,
    plan_id: str = "",
    selection: Selection = EVERY_ROW,
) -> State[Summary]:
    """Fill the gaps of recordings with new speech.

    Results are written to the folder `results`. Rows and calls that earlier runs completed are not repeated. A row
    with another operation is a problem of the manifest.
    `plan_id` names a plan that is already prepared in the folder, and `selection` limits the rows to process.
    The flow run ends as Failed if a row is not done. The results folder then lists the reasons, and a rerun resumes.
    """
    return await run_manifest(RunSpec(manifest, Path(results), settings.with_operation("infill"), plan_id, selection))
