"""Preparing a run: every row of the manifest checked and written to the plan, before anything is paid for."""

import uuid
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from voicemill.audio.inspection import Inspector
from voicemill.config import Settings
from voicemill.errors import ConfigError, ManifestError, Problem
from voicemill.manifest import ManifestCheck, VoiceDirectory
from voicemill.manifest.readers.dataframe import ManifestBytes
from voicemill.model import Row
from voicemill.model.calls import EMBEDDED_PREFIX
from voicemill.model.csv_injection import FAILURE_COLUMNS
from voicemill.pipeline.disk_space import too_little_room
from voicemill.pipeline.fetch_inputs import Fetch
from voicemill.pipeline.segmentation import with_cuts
from voicemill.planning.predictions import Needs, Volume, expected_volume, needs_of
from voicemill.store.recording_cache import RecordingCache
from voicemill.store.results_folder import ResultsFolder, read_json, write_json
from voicemill.store.tables.items_table import OWN_COLUMNS, CarriedTypes
from voicemill.store.tables.plan_table import PlanWriter

_KINDS: dict[type, str] = {bool: "boolean", int: "integer", float: "number", str: "text"}

_RENAMED = {"heard_s": "transcribed_s", "changed_s": "converted_s"}
"""Fields of plans that earlier versions wrote, and their present names."""


@dataclass
class PlanFacts:
    """What is known of a manifest once all its rows are checked. `plan_id` tells one plan from the next.

    `guessed` rows take the output of others: of their part only the number of calls is told, and that is a guess.
    """

    manifest: str
    plan_id: str = field(default_factory=lambda: uuid.uuid4().hex)
    digest: str = ""
    rows: int = 0
    calls: int = 0
    characters: int = 0
    transcribed_s: float = 0.0
    converted_s: float = 0.0
    guessed: int = 0
    answer_bytes: int = 0
    file_bytes: int = 0
    carried: CarriedTypes = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    settings: dict[str, Any] = field(default_factory=dict)
    service: str = ""

    def add(self, row: Row, needs: Needs) -> None:
        """Count one good row."""
        self.rows += 1
        self.calls += needs.calls
        self.characters += needs.characters
        self.transcribed_s += needs.transcribed_s
        self.converted_s += needs.converted_s
        self.guessed += bool(row.takes)
        volume = expected_volume(row)
        self.answer_bytes += volume.answer_bytes
        self.file_bytes += volume.file_bytes
        for name, value in row.carried.items():
            if value is not None and name not in OWN_COLUMNS:
                self.carried[name] = _wider(self.carried.get(name), value)

    def sums(self) -> dict[str, float]:
        """What its rows come to, as `run.json` has it and `voicemill plan --json` too."""
        sent = {
            "characters": self.characters,
            "transcribed_s": round(self.transcribed_s, 1),
            "converted_s": round(self.converted_s, 1),
        }
        return {"rows": self.rows, "rows_guessed": self.guessed, "calls": self.calls, **sent}


def prepare(
    manifest: str | ManifestBytes,
    settings: Settings,
    service: str,
    voices: VoiceDirectory,
    results: ResultsFolder,
    on_row: Callable[[int], None] = lambda _number: None,
) -> PlanFacts:
    """Check `manifest`, whose calls go to `service`, and write its plan into the results folder.

    Raises `ManifestError` with every problem, and `StorageError`; then there is no plan.
    """
    facts = PlanFacts(str(manifest))
    with Inspector(RecordingCache(results.recordings)) as inspect, PlanWriter(results.plan) as writer:
        fetch = Fetch.into(results.inputs, settings.inputs)
        check = ManifestCheck(manifest, settings, voices, inspect, fetch)
        for checked in check:
            row = with_cuts(checked, settings.long_audio)
            needs = needs_of(row, settings.long_text)
            writer.append(row, needs.calls)
            facts.add(row, needs)
            on_row(row.number)
        check.raise_if_bad()
        if not facts.rows:
            raise ManifestError(str(manifest), [Problem(0, "", "it has no rows; add one line for each file you want")])
    facts.digest = check.digest
    facts.carried = {name: facts.carried.get(name, "text") for name in check.carried_columns if name not in OWN_COLUMNS}
    room = too_little_room(Volume(facts.answer_bytes, facts.file_bytes), results, settings, service)
    doubts = [*_taken_names(check.carried_columns), *room, *check.warnings]
    facts.warnings = [str(warning) for warning in doubts]
    facts.settings = settings.model_dump()
    facts.service = service
    write_json(results.plan_facts, asdict(facts))
    return facts


def _taken_names(columns: Sequence[str]) -> list[Problem]:
    """Warnings about columns that cannot be carried along. Those of a `failures.csv` are meant to be left out."""
    known = set(FAILURE_COLUMNS) if set(FAILURE_COLUMNS) <= set(columns) else set()
    why = "the table of results has a column of that name; rename this one to have it carried along"
    return [Problem(0, name, why) for name in columns if name in OWN_COLUMNS - known]


def load_facts(results: ResultsFolder, plan_id: str) -> PlanFacts | None:
    """What `prepare` found when it made the plan `plan_id`, None where the folder holds another plan or none."""
    facts = last_facts(results)
    return facts if facts is not None and facts.plan_id == plan_id else None


def planned_facts(results: ResultsFolder) -> PlanFacts:
    """What the last run in a folder was about to do. Raises `ConfigError` where the folder holds no whole plan."""
    facts = last_facts(results)
    if facts is None:
        raise ConfigError(f"{results.path} holds no plan of a run; run its manifest again with -o {results.path}")
    return facts


def last_facts(results: ResultsFolder) -> PlanFacts | None:
    """What `prepare` found when it made the plan that the folder holds, None where it holds none."""
    content: dict[str, Any] | None = read_json(results.plan_facts)
    try:
        content = {_RENAMED.get(name, name): value for name, value in (content or {}).items()}
        return PlanFacts(**content) if content and results.plan.is_file() else None
    except TypeError:
        return None


def earlier_service(results: ResultsFolder) -> str:
    """The service that the last run in a folder called, empty for a new folder.

    Plans of earlier versions do not name it: those of the embedded engine were made by the small one.
    """
    facts = last_facts(results)
    if facts is not None and facts.service:
        return facts.service
    published: dict[str, Any] = read_json(results.run_file) or {}
    return str(published.get("service") or (EMBEDDED_PREFIX if facts else ""))


def _wider(kind: str | None, value: object) -> str:
    """The narrowest kind of column that holds what was seen so far and `value` too."""
    found = _KINDS.get(type(value), "text")
    if kind in (None, found):
        return found
    return "number" if {kind, found} == {"integer", "number"} else "text"
