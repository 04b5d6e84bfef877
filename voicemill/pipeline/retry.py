"""Prepare the retry of an earlier run from its results folder."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from voicemill.config import changed_settings
from voicemill.pipeline.execute import RunSpec
from voicemill.pipeline.prepare import planned_facts
from voicemill.pipeline.selection import EVERY_ROW, Selection
from voicemill.store.results_folder import ResultsFolder


def retry_spec(results: Path, selection: Selection = EVERY_ROW, changes: Mapping[str, Any] | None = None) -> RunSpec:
    """The run that retries the unfinished rows in `results`, with the settings of its last run and `changes`.

    Raises `ConfigError` if the folder holds no plan, or a changed setting is invalid.
    """
    facts = planned_facts(ResultsFolder(results))
    settings = changed_settings(facts.settings, dict(changes or {}))
    return RunSpec(facts.manifest, results, settings, facts.plan_id, selection)
