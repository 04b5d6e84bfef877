"""Publishing: what readers load, made of the parts, in manifest order; what says the same already is left alone."""

import platform
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from functools import cache
from importlib.metadata import version
from pathlib import Path

from voicemill.config import Settings
from voicemill.errors import ExitCode
from voicemill.model import Status
from voicemill.run.prepare import PlanFacts
from voicemill.run.word_timings import doubts_and_errors, publish_timings
from voicemill.store.results_folder import ResultsFolder, write_json
from voicemill.store.tables.csv_tables import publish_failures, publish_metadata
from voicemill.store.tables.items_table import outputs_taken, publish_items

_VERSIONS_OF = ("voicemill", "prefect", "httpx", "httpx-aiohttp", "aiohttp", "pandas", "pyarrow", "tenacity", "av")


@dataclass
class Summary:
    """How a run ended: counts of rows by status, what it cost, and the exit code with its reason.

    In seconds: `transcribed_s` of recordings transcribed, `converted_s` of recordings converted to another voice, and
    `audio_s` of audio generated.
    """

    manifest: str
    results: str
    service: str
    rows: dict[str, int] = field(default_factory=lambda: dict.fromkeys(map(str, Status), 0))
    rows_unchanged: int = 0
    calls_made: int = 0
    calls_reused: int = 0
    retries: int = 0
    credits: float = 0.0
    audio_s: float = 0.0
    transcribed_s: float = 0.0
    converted_s: float = 0.0
    seconds: float = 0.0
    suspect: int = 0
    word_error_rate: float | None = None
    exit_code: int = ExitCode.OK
    reason: str = ""

    @property
    def changed(self) -> bool:
        """Whether this run did anything that the published tables did not tell already."""
        return self.calls_made > 0 or self.rows_unchanged < sum(self.rows.values())


def publish(
    parts: Sequence[Path],
    results: ResultsFolder,
    facts: PlanFacts,
    settings: Settings,
    summary: Summary,
    started_at: datetime,
    finished_at: datetime,
) -> None:
    """Write what readers load (the tables, the sheets, `run.json`), note their sums, then drop the parts.

    `summary` is told what can be seen in the tables alone.

    Raises `StorageError`; the parts then remain, and the next run publishes.
    """
    changed = publish_items(parts, results.items, facts.carried)
    changed |= publish_timings(results, parts, items_changed=changed)
    summary.suspect, summary.word_error_rate = doubts_and_errors(results)
    changed |= publish_metadata(results.items, results.metadata, facts.carried)
    made = outputs_taken(results.items)
    changed |= publish_failures(results.items, results.failures, facts.carried, made)
    if changed or summary.changed or not results.run_file.is_file():
        about = {
            "manifest": {"path": facts.manifest, "sha256": facts.digest, **facts.sums()},
            "service": summary.service,
            "started_at": started_at.isoformat(),
            "finished_at": finished_at.isoformat(),
            "summary": asdict(summary),
            "settings": settings.model_dump(),
            "warnings": facts.warnings,
            "versions": versions(),
        }
        write_json(results.run_file, about)
    results.note_sums()
    results.clear_parts()


@cache
def versions() -> dict[str, str]:
    """What a run was made with: the versions of the packages that decide about it, and of Python."""
    return {name: version(name) for name in _VERSIONS_OF} | {"python": platform.python_version()}
