"""Check a manifest without a run: report every problem of every row, write no plan, and send no billed call."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from voicemill.audio.inspection import Inspector
from voicemill.config import Settings
from voicemill.errors import Problem
from voicemill.manifest import ManifestCheck, VoiceDirectory
from voicemill.manifest.readers.dataframe import ManifestBytes
from voicemill.pipeline.fetch_inputs import Fetch
from voicemill.service import name_and_voices
from voicemill.store.recording_cache import ReadOnlyRecordingCache
from voicemill.store.results_folder import ResultsFolder


@dataclass(frozen=True, slots=True)
class CheckedManifest:
    """The result of a check: valid rows, rows that will be refused, and the first 10,000 problems and warnings.

    `dialect` describes how the file differs from plain CSV, TSV, JSONL or Parquet; empty if it does not.
    """

    rows: int
    dialect: str
    refused: int
    problem_count: int
    problems: tuple[Problem, ...]
    warnings: tuple[Problem, ...]

    @property
    def ok(self) -> bool:
        """Whether a run would start, and refuse no row."""
        return not self.problem_count and not self.refused

    def as_dict(self) -> dict[str, Any]:
        """The result as plain data."""
        return asdict(self)


async def check_manifest(manifest: str | ManifestBytes, settings: Settings, folder: ResultsFolder) -> CheckedManifest:
    """Check every row. Recordings that an earlier run in `folder` inspected are not inspected again.

    Raises `ManifestError` if the file cannot be read, and the error of the service if voices cannot be listed.
    """
    _, voices = await name_and_voices(settings)
    with open_check(manifest, settings, VoiceDirectory(voices), folder) as check:
        rows = sum(1 for _ in check)
    problems, warnings = tuple(check.problems), tuple(check.warnings)
    return CheckedManifest(rows, check.dialect, check.refused_count, check.problem_count, problems, warnings)


@contextmanager
def open_check(
    manifest: str | ManifestBytes, settings: Settings, voices: VoiceDirectory, folder: ResultsFolder
) -> Iterator[ManifestCheck]:
    """A check that writes nothing to the results folder; downloads are deleted when the block ends."""
    known = ReadOnlyRecordingCache(folder.recordings)
    with Inspector(known) as inspect, TemporaryDirectory(prefix="voicemill-") as downloads:
        yield ManifestCheck(manifest, settings, voices, inspect, Fetch.into(Path(downloads), settings.inputs))
