"""Prepare a run: check every row of the manifest and write the plan, before any paid call."""

import uuid
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from voicemill.audio.inspection import Inspector
from voicemill.config import CARTESIA_URL, Settings
from voicemill.errors import ConfigError, ManifestError, Problem
from voicemill.manifest import ManifestCheck, VoiceDirectory
from voicemill.manifest.readers.dataframe import ManifestBytes
from voicemill.model import Row
from voicemill.model.calls import EMBEDDED_PREFIX
from voicemill.model.csv_injection import FAILURE_COLUMNS
from voicemill.pipeline.disk_space import disk_space_warnings
from voicemill.pipeline.fetch_inputs import Fetch
from voicemill.pipeline.plan_reuse import REUSED_FROM_ROWS, basis_of, digest_of_manifest
from voicemill.pipeline.segmentation import with_cuts
from voicemill.planning.predictions import Needs, Volume, expected_volume, needs_of
from voicemill.store.durable_files import sha256_of
from voicemill.store.recording_cache import RecordingCache
from voicemill.store.results_folder import ResultsFolder, read_json, write_json
from voicemill.store.tables.items_table import OWN_COLUMNS, CarriedTypes
from voicemill.store.tables.plan_table import PlanWriter

_KINDS: dict[type, str] = {bool: "boolean", int: "integer", float: "number", str: "text"}

_RENAMED = {"heard_s": "transcribed_s", "changed_s": "converted_s"}
"""Fields of plans that earlier versions wrote, and their present names."""


@dataclass
class PlanFacts:
    """Facts about a checked manifest. `plan_id` identifies the plan.

    `dialect` says how the file differs from a plain CSV, TSV, JSONL or Parquet file; it is empty for a plain one.

    `basis` is a hash of everything that determines the plan, empty unless a later run may use the plan again.

    `guessed` rows use the output of other rows: only their number of calls is known, and it is an estimate. `voices`
    has the name of each voice that the rows use, by id.
    """

    manifest: str
    plan_id: str = field(default_factory=lambda: uuid.uuid4().hex)
    digest: str = ""
    rows: int = 0
    calls: int = 0
    characters: int = 0
    transcribed_s: float = 0.0
    converted_s: float = 0.0
    check_calls: int = 0
    checked_s: float = 0.0
    guessed: int = 0
    answer_bytes: int = 0
    file_bytes: int = 0
    carried: CarriedTypes = field(default_factory=dict)
    voices: dict[str, str] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    settings: dict[str, Any] = field(default_factory=dict)
    service: str = ""
    dialect: str = ""
    basis: str = ""
    plan_sha256: str = ""

    def add(self, row: Row, needs: Needs) -> None:
        """Add one valid row."""
        self.rows += 1
        self.calls += needs.calls
        self.characters += needs.characters
        self.transcribed_s += needs.transcribed_s
        self.converted_s += needs.converted_s
        self.check_calls += needs.check_calls
        self.checked_s += needs.checked_s
        self.guessed += bool(row.depends_on)
        volume = expected_volume(row)
        self.answer_bytes += volume.answer_bytes
        self.file_bytes += volume.file_bytes
        for name, value in row.carried.items():
            if value is not None and name not in OWN_COLUMNS:
                self.carried[name] = _wider(self.carried.get(name), value)

    def sums(self) -> dict[str, float]:
        """Totals over all rows, for `run.json`."""
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

    A large plan of an earlier run is used again if nothing that determines it has changed.
    Raises `ManifestError` with every problem, and `StorageError`; then there is no plan.
    """
    earlier = _reusable(manifest, settings, service, voices, results)
    if earlier is not None:
        return earlier
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
            raise ManifestError(
                str(manifest), [Problem(0, "", "the manifest has no rows; add a line for each output file")]
            )
    facts.digest, facts.dialect, facts.voices = check.digest, check.dialect, voices.resolved
    facts.carried = {name: facts.carried.get(name, "text") for name in check.carried_columns if name not in OWN_COLUMNS}
    space = disk_space_warnings(Volume(facts.answer_bytes, facts.file_bytes), results, settings, service)
    warnings = [*_conflicting_columns(check.carried_columns), *space, *check.warnings]
    facts.warnings = [str(warning) for warning in warnings]
    facts.settings = settings.model_dump()
    facts.service = service
    if facts.rows >= REUSED_FROM_ROWS and digest_of_manifest(manifest) and not check.names_files and not space:
        facts.basis = basis_of(facts.digest, settings, service, voices)
        facts.plan_sha256 = sha256_of(results.plan)
    write_json(results.plan_facts, asdict(facts))
    return facts


def _reusable(
    manifest: str | ManifestBytes, settings: Settings, service: str, voices: VoiceDirectory, results: ResultsFolder
) -> PlanFacts | None:
    """The facts of the plan in the folder, if the same plan would be written now."""
    facts = last_facts(results)
    digest = digest_of_manifest(manifest) if facts is not None and facts.basis else ""
    if facts is None or not digest or basis_of(digest, settings, service, voices) != facts.basis:
        return None
    volume = Volume(facts.answer_bytes, facts.file_bytes)
    if sha256_of(results.plan) != facts.plan_sha256 or disk_space_warnings(volume, results, settings, service):
        return None
    facts.manifest, facts.settings = str(manifest), settings.model_dump()
    write_json(results.plan_facts, asdict(facts))
    return facts


def _conflicting_columns(columns: Sequence[str]) -> list[Problem]:
    """Warnings about columns that cannot be carried over. The columns of a `failures.csv` are left out on purpose."""
    known = set(FAILURE_COLUMNS) if set(FAILURE_COLUMNS) <= set(columns) else set()
    why = "the items table has a column of this name; rename the column to carry it over"
    return [Problem(0, name, why) for name in columns if name in OWN_COLUMNS - known]


def load_facts(results: ResultsFolder, plan_id: str) -> PlanFacts | None:
    """The facts of the plan `plan_id`, None if the folder holds no plan or another one."""
    facts = last_facts(results)
    return facts if facts is not None and facts.plan_id == plan_id else None


def planned_facts(results: ResultsFolder) -> PlanFacts:
    """The facts of the plan in a folder. Raises `ConfigError` if the folder holds no complete plan."""
    facts = last_facts(results)
    if facts is None:
        raise ConfigError(f"{results.path} holds no plan of a run; run the manifest again with -o {results.path}")
    return facts


def last_facts(results: ResultsFolder) -> PlanFacts | None:
    """The facts of the plan in a folder, None if it holds none."""
    content: dict[str, Any] | None = read_json(results.plan_facts)
    try:
        content = {_RENAMED.get(name, name): value for name, value in (content or {}).items()}
        return PlanFacts(**content) if content and results.plan.is_file() else None
    except TypeError:
        return None


def earlier_service(results: ResultsFolder) -> str:
    """The service that the last run in a folder called, empty for a new folder.

    Plans of earlier versions do not name it, and a run that was killed early has published nothing either. Only
    Cartesia costs credits, so a folder that spent some was made with Cartesia. Other folders were made with the
    embedded engine, which was the small one then.
    """
    facts = last_facts(results)
    if facts is not None and facts.service:
        return facts.service
    published: dict[str, Any] = read_json(results.run_file) or {}
    if published.get("service") or facts is None:
        return str(published.get("service", ""))
    spent: dict[str, Any] = read_json(results.spent) or {}
    return CARTESIA_URL if spent.get("credits") else EMBEDDED_PREFIX


def _wider(kind: str | None, value: object) -> str:
    """The narrowest column type that holds the values so far and `value`."""
    found = _KINDS.get(type(value), "text")
    if kind in (None, found):
        return found
    return "number" if {kind, found} == {"integer", "number"} else "text"
