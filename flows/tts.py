"""The flow that turns a manifest of transcripts into speech."""

from pathlib import Path

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.states import Completed, Failed

from flows.run_manifest import run_manifest
from voicemill.config import Settings
from voicemill.errors import ExitCode
from voicemill.report.summary import headline
from voicemill.work.publish import Summary

DEFAULT_SETTINGS = Settings()


@flow(name="tts", persist_result=False, validate_parameters=True)
async def tts(manifest: str, results: str, settings: Settings = DEFAULT_SETTINGS, plan_id: str = "") -> State[Summary]:
    """Speak every row of `manifest` into the folder `results`; finished rows of earlier runs cost nothing.

    Ends as failed where a row did not finish; `results` then says which and why, and the same run again goes on.
    """
    summary = await run_manifest(manifest, Path(results), settings, plan_id=plan_id)
    end = Completed if summary.exit_code == ExitCode.OK else Failed
    return end(message=headline(summary), data=summary)
