"""Check a manifest and estimate its cost from Python: `voicemill.validate` and `voicemill.plan`."""

from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Unpack

from voicemill.audio.inspection import Inspector
from voicemill.config import Settings
from voicemill.errors import Problem
from voicemill.library.event_loop import wait_for
from voicemill.library.options import RunOptions, resolved
from voicemill.library.runs import results_folder_of, source_of
from voicemill.manifest import ManifestCheck, VoiceDirectory
from voicemill.manifest.readers.dataframe import ManifestBytes
from voicemill.pipeline.fetch_inputs import Fetch
from voicemill.service import all_voices, open_service
from voicemill.store.recording_cache import KnownRecordings
from voicemill.store.results_folder import ResultsFolder

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Validation:
    """What a check of a manifest found.

    Attributes:
        rows: The number of rows without problems.
        refused: How many of them will be refused, because their recording cannot be used.
        problem_count: The number of problems; `problems` holds the first 10,000.
        problems: Each with `row` (data rows count from 1; 0 is the file), `column` and `why`.
        warnings: The same for what may be a mistake.
    """

    rows: int
    refused: int
    problem_count: int
    problems: tuple[Problem, ...]
    warnings: tuple[Problem, ...]

    @property
    def ok(self) -> bool:
        """Whether a run would start, and refuse no row."""
        return not self.problem_count and not self.refused


def validate(
    manifest: "str | PathLike[str] | pd.DataFrame",
    results: str | PathLike[str] | None = None,
    *,
    settings: Settings | None = None,
    profile: str | None = None,
    **options: Unpack[RunOptions],
) -> Validation:
    """List every problem of every row of a manifest. Makes no paid call; with a key it lists the service's voices.

    Args:
        manifest: As for `run`.
        results: A results folder; recordings that a run there has inspected are not read again.
        settings: As for `run`.
        profile: As for `run`.
        **options: As for `run`.

    Raises:
        ManifestError: The manifest cannot be read at all.
        ConfigError: An option or setting is invalid.
    """
    chosen, source = resolved(settings, profile, options), source_of(manifest)
    voices = wait_for(_voices(chosen))
    folder = None if isinstance(source, ManifestBytes) and results is None else results_folder_of(source, results)
    known = KnownRecordings(ResultsFolder(folder).recordings) if folder is not None else None
    with Inspector(known) as inspect, TemporaryDirectory(prefix="voicemill-") as place:
        check = ManifestCheck(source, chosen, voices, inspect, Fetch.into(Path(place), chosen.inputs))
        rows = sum(1 for _ in check)
    problems, warnings = tuple(check.problems), tuple(check.warnings)
    return Validation(rows, check.refused_count, check.problem_count, problems, warnings)


async def _voices(settings: Settings) -> VoiceDirectory:
    async with open_service(settings) as service:
        return VoiceDirectory(await all_voices(service, settings.pace))
