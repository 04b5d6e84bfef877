"""The flow that turns a manifest of transcripts into speech."""

from pathlib import Path

from prefect import flow
from prefect.client.schemas.objects import State

from flows.run_manifest import ending_state, run_manifest
from voicemill.config import Settings
from voicemill.work.publish import Summary
from voicemill.work.selection import EVERY_ROW, Selection

DEFAULT_SETTINGS = Settings()


@flow(name="tts", persist_result=False, validate_parameters=True)
async def tts(
    manifest: str,
    results: str,
    settings: Settings = DEFAULT_SETTINGS,
    plan_id: str = "",
    selection: Selection = EVERY_ROW,
) -> State[Summary]:
    """Speak every row of `manifest` into the folder `results`; finished rows of earlier runs cost nothing.

    Rows that the service refused before are asked for again only where `selection` says so.
    Ends as failed where a row did not finish; `results` then says which and why, and the same run again goes on.
    """
    summary = await run_manifest(manifest, Path(results), settings, plan_id=plan_id, selection=selection)
    return ending_state(summary)
