"""The flow that retries the unfinished rows of an earlier run."""

from pathlib import Path
from typing import Any

from prefect import flow
from prefect.client.schemas.objects import State

from flows.run_manifest import run_manifest
from voicemill.pipeline.retry import retry_spec
from voicemill.pipeline.selection import EVERY_ROW, Selection
from voicemill.pipeline.summary import Summary


@flow(name="retry", persist_result=False, validate_parameters=True)
async def retry(
    results: str, selection: Selection = EVERY_ROW, changes: dict[str, Any] | None = None
) -> State[Summary]:
    """Retry the unfinished rows of the folder `results` with the settings of its last run.

    The folder is enough: its plan holds the rows, so the manifest may be gone. Rows that the service refused are
    retried only if `selection` forces it. `changes` are settings by section, as in a profile; they override the
    original ones.
    """
    return await run_manifest(retry_spec(Path(results), selection, changes))
