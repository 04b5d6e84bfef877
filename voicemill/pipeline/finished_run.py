"""Whether a rerun would find nothing to do, as far as the records of the last run show."""

from typing import Any

from voicemill.errors import ExitCode
from voicemill.pipeline.prepare import PlanFacts, planned_facts
from voicemill.store.results_folder import ResultsFolder, read_json


def has_finished(results: ResultsFolder) -> bool:
    """Whether the last run of the folder ended with exit code 0."""
    ended: dict[str, Any] = (read_json(results.run_file) or {}).get("summary") or {}
    return ended.get("exit_code") == ExitCode.OK and results.items.is_file()


def repeats_finished_run(results: ResultsFolder, facts: PlanFacts) -> bool:
    """Whether the new plan `facts` repeats the last run, and that run ended with exit code 0.

    It repeats the run if manifest, service and settings are the same. The answers and files are not looked at: if some
    were removed since, the rerun makes them again.
    """
    last: dict[str, Any] = read_json(results.run_file) or {}
    return (
        has_finished(results)
        and (last.get("manifest") or {}).get("sha256") == facts.digest
        and last.get("service") == facts.service
        and last.get("settings") == planned_facts(results).settings
    )
