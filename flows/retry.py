"""The flow that tries again what an earlier run did not finish."""

from pathlib import Path
from typing import Any

from prefect import flow
from prefect.client.schemas.objects import State

from flows.run_manifest import ending_state, run_manifest
from voicemill.config import changed_settings
from voicemill.run.prepare import planned_facts
from voicemill.run.publish import Summary
from voicemill.run.selection import EVERY_ROW, Selection
from voicemill.store.results_folder import ResultsFolder


@flow(name="retry", persist_result=False, validate_parameters=True)
async def retry(
    results: str, selection: Selection = EVERY_ROW, changes: dict[str, Any] | None = None
) -> State[Summary]:
    """Try the unfinished rows of the folder `results` again, with the settings of its last run but for `changes`.

    Needs the folder alone: its plan holds the rows, so the manifest may be gone. Rows that the service refused are
    tried only where `selection` forces it. `changes` are settings by section, as in a profile.
    """
    facts = planned_facts(ResultsFolder(Path(results)))
    settings = changed_settings(facts.settings, changes or {})
    summary = await run_manifest(facts.manifest, Path(results), settings, plan_id=facts.plan_id, selection=selection)
    return ending_state(summary)
