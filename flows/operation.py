"""One shape for the flows of all operations."""

from pathlib import Path
from typing import Any

from prefect import flow
from prefect.client.schemas.objects import State

from flows.run_manifest import ending_state, run_manifest
from voicemill.config import Settings
from voicemill.model import Op
from voicemill.run.publish import Summary
from voicemill.run.selection import EVERY_ROW, Selection

DEFAULT_SETTINGS = Settings()


def flow_of(op: Op | None, promise: str, name: str) -> Any:  # noqa: ANN401 - Prefect's type for a flow is wrong here
    """The flow `name` of the module `flows.name`, whose rows all ask for `op`; with None, each for its own.

    Where a row asks for another operation than `op`, that is a problem of the manifest.
    """

    async def work(
        manifest: str,
        results: str,
        settings: Settings = DEFAULT_SETTINGS,
        plan_id: str = "",
        selection: Selection = EVERY_ROW,
    ) -> State[Summary]:
        asked = settings if op is None else settings.model_copy(update={"operation": op.value})
        summary = await run_manifest(manifest, Path(results), asked, plan_id=plan_id, selection=selection)
        return ending_state(summary)

    work.__name__ = work.__qualname__ = name
    work.__module__ = f"flows.{name}"
    work.__doc__ = f"""{promise}

    `manifest` goes into the folder `results`; finished rows of earlier runs cost nothing, and rows that the service
    refused before are asked for again only where `selection` says so.
    Ends as failed where a row did not finish; `results` then says which and why, and the same run again goes on.
    """
    return flow(name=name, persist_result=False, validate_parameters=True)(work)
