"""Check a manifest and estimate its cost from Python: `voicemill.validate` and `voicemill.plan`."""

from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Unpack

from voicemill.config import Settings
from voicemill.library.event_loop import wait_for
from voicemill.library.options import RunOptions, resolved
from voicemill.library.runs import results_folder_of, source_of
from voicemill.manifest.readers.dataframe import ManifestBytes
from voicemill.pipeline.check_manifest import CheckedManifest, check_manifest
from voicemill.pipeline.estimate_run import estimate_run
from voicemill.planning.figures import PlanFigures
from voicemill.store.results_folder import ResultsFolder

if TYPE_CHECKING:
    import pandas as pd


def validate(
    manifest: "str | PathLike[str] | pd.DataFrame",
    results: str | PathLike[str] | None = None,
    *,
    settings: Settings | None = None,
    profile: str | None = None,
    **options: Unpack[RunOptions],
) -> CheckedManifest:
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
    source = source_of(manifest)
    return wait_for(check_manifest(source, resolved(settings, profile, options), _folder(source, results)))


def plan(
    manifest: "str | PathLike[str] | pd.DataFrame",
    results: str | PathLike[str] | None = None,
    *,
    settings: Settings | None = None,
    profile: str | None = None,
    **options: Unpack[RunOptions],
) -> PlanFigures:
    """Estimate the calls, credits, cost, audio length and run time of a manifest. Makes no paid call.

    Args:
        manifest: As for `run`.
        results: A results folder; answers that are stored there are not billed again.
        settings: As for `run`.
        profile: As for `run`.
        **options: As for `run`.

    Raises:
        ManifestError: The manifest has problems.
        ConfigError: An option or setting is invalid.
    """
    source = source_of(manifest)
    return wait_for(estimate_run(source, resolved(settings, profile, options), _folder(source, results)))


def _folder(source: str | ManifestBytes, results: str | PathLike[str] | None) -> ResultsFolder:
    unnamed = isinstance(source, ManifestBytes) and results is None
    return ResultsFolder(Path("results") / str(source) if unnamed else results_folder_of(source, results))
