"""Run a manifest from Python: `voicemill.run`, `voicemill.retry`, and what they return."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

from voicemill.config import ApiKey, Settings
from voicemill.errors import ConfigError, ExitCode
from voicemill.library.event_loop import wait_for
from voicemill.library.options import RunOptions, changes_of, resolved
from voicemill.manifest import VoiceDirectory, source_name
from voicemill.manifest.readers.dataframe import ManifestBytes, manifest_bytes_of
from voicemill.pipeline.execute import RunSpec, execute
from voicemill.pipeline.graceful_shutdown import StopRequest
from voicemill.pipeline.prepare import earlier_service, prepare
from voicemill.pipeline.progress import Progress
from voicemill.pipeline.retry import retry_spec
from voicemill.pipeline.selection import Selection
from voicemill.pipeline.steps import RunSteps
from voicemill.pipeline.summary import Summary
from voicemill.service import all_voices, open_service
from voicemill.store.bucket_copies import opened_run
from voicemill.store.bucket_results import opened_results
from voicemill.store.results_folder import ResultsFolder

if TYPE_CHECKING:
    import pandas as pd

OnProgress = Callable[[Progress], object]

__all__ = ["Progress", "RunResult", "retry", "retry_async", "run", "run_async"]


@dataclass(frozen=True)
class RunResult:
    """How a run ended.

    Attributes:
        results: The absolute path of the results folder.
        exit_code: 0 if all rows are done; otherwise as on the command line (see `ExitCode`).
        reason: Why the run ended early or incomplete; empty if all rows are done.
        summary: Counts, calls, credits, and seconds of audio and wall time.
    """

    results: Path
    exit_code: ExitCode
    reason: str
    summary: Summary

    @property
    def ok(self) -> bool:
        """Whether all rows are done."""
        return self.exit_code is ExitCode.OK

    @property
    def counts(self) -> dict[str, int]:
        """The number of rows by status: `done`, `failed`, `refused` and `not_started`."""
        return dict(self.summary.rows)

    @property
    def items(self) -> "pd.DataFrame":
        """One line per manifest row, in manifest order, with the columns of `items.parquet`.

        The additional column `audio_path` holds the absolute path of a finished row's audio file, and None otherwise.
        """
        import pandas as pd

        table = pd.read_parquet(self.results / "items.parquet")
        table["audio_path"] = [self._audio_path(*row) for row in zip(table["status"], table["file_name"], strict=True)]
        return table

    @property
    def failures(self) -> "pd.DataFrame":
        """The rows of `items` that are not done; `error_message` says why."""
        items = self.items
        return items[items["status"] != "done"]

    def _audio_path(self, status: str, file_name: str | None) -> str | None:
        is_audio = status == "done" and bool(file_name) and not str(file_name).startswith("text/")
        return str(self.results / str(file_name)) if is_audio else None


async def run_async(
    manifest: "str | PathLike[str] | pd.DataFrame",
    results: str | PathLike[str] | None = None,
    *,
    settings: Settings | None = None,
    profile: str | None = None,
    force: bool = False,
    on_progress: OnProgress | None = None,
    **options: Unpack[RunOptions],
) -> RunResult:
    """Process a manifest in the running event loop; see `run`."""
    return await _run(manifest, results, resolved(settings, profile, options), force, on_progress, StopRequest())


def run(
    manifest: "str | PathLike[str] | pd.DataFrame",
    results: str | PathLike[str] | None = None,
    *,
    settings: Settings | None = None,
    profile: str | None = None,
    force: bool = False,
    on_progress: OnProgress | None = None,
    **options: Unpack[RunOptions],
) -> RunResult:
    """Process a manifest into a results folder, or resume an unfinished run there.

    Completed rows and calls of earlier runs in the folder are not repeated. Works in scripts and, where an event loop
    runs already, in notebooks. The first Ctrl-C stops the run gracefully: calls in flight finish, the tables are
    published, and the result has the exit code `INTERRUPTED`. The second one ends the process.

    Args:
        manifest: The path of a CSV, TSV, JSONL or Parquet file; a folder or glob of inputs; or a DataFrame with the
            same columns. Relative paths in a DataFrame start at the working directory.
        results: The results folder, or an address such as `s3://bucket/prefix`. Default: `results/<manifest name>`;
            required for a DataFrame.
        settings: All settings, instead of a profile.
        profile: The name of a profile in `configs/`, or the path of a TOML file.
        force: Also retry rows that the service refused in an earlier run.
        on_progress: Called about every five seconds with the run's counters, and once at the end.
        **options: Options of the command line, such as `voice="Sarah"` or `max_credits=10_000`; see `RunOptions`.

    Returns:
        The result. A row that fails is not an error; see `RunResult.counts` and `RunResult.failures`.

    Raises:
        ManifestError: The manifest has problems; no call was made.
        ConfigError: An option or setting is invalid.
        ResultsLockedError: Another run uses the results folder.
        StorageError: A file could not be written.
    """
    chosen, stop = resolved(settings, profile, options), StopRequest()
    return wait_for(_run(manifest, results, chosen, force, on_progress, stop), stop)


async def retry_async(
    results: str | PathLike[str],
    *,
    ids: Sequence[str] = (),
    classes: Sequence[str] = (),
    force: bool = False,
    on_progress: OnProgress | None = None,
    **options: Unpack[RunOptions],
) -> RunResult:
    """Retry unfinished rows in the running event loop; see `retry`."""
    selection = Selection(tuple(classes), tuple(ids), force)
    return await _retry(results, selection, changes_of(options), on_progress, StopRequest())


def retry(
    results: str | PathLike[str],
    *,
    ids: Sequence[str] = (),
    classes: Sequence[str] = (),
    force: bool = False,
    on_progress: OnProgress | None = None,
    **options: Unpack[RunOptions],
) -> RunResult:
    """Retry the unfinished rows of a results folder with its original settings; `options` override them.

    Args:
        results: The results folder of an earlier run. The manifest is not needed.
        ids: Retry only these rows. Default: all.
        classes: Retry only rows with these statuses, error classes or error codes. Default: all.
        force: Also retry rows that the service refused.
        on_progress: As for `run`.
        **options: As for `run`.

    Returns and raises the same as `run`; `ConfigError` if the folder holds no plan.
    """
    selection, stop = Selection(tuple(classes), tuple(ids), force), StopRequest()
    return wait_for(_retry(results, selection, changes_of(options), on_progress, stop), stop)


class _ReportingSteps(RunSteps):
    """Passes progress to the caller."""

    def __init__(self, on_progress: OnProgress | None) -> None:
        self._on_progress = on_progress

    async def show_progress(self, progress: Progress) -> None:
        """Call the caller's function."""
        if self._on_progress is not None:
            self._on_progress(progress)


async def _run(
    manifest: "str | PathLike[str] | pd.DataFrame",
    results: str | PathLike[str] | None,
    settings: Settings,
    force: bool,
    on_progress: OnProgress | None,
    stop: StopRequest,
) -> RunResult:
    source = source_of(manifest)
    with ExitStack() as stack:
        opening = opened_results(results_folder_of(source, results))
        folder = await asyncio.to_thread(stack.enter_context, opening)
        plan_id = await _prepared(source, settings, folder) if isinstance(source, ManifestBytes) else ""
        spec = RunSpec(str(source), folder.path, settings, plan_id, Selection(force=force))
        return await _executed(spec, on_progress, stop)


async def _retry(
    results: str | PathLike[str],
    selection: Selection,
    changes: Mapping[str, Any],
    on_progress: OnProgress | None,
    stop: StopRequest,
) -> RunResult:
    with ExitStack() as stack:
        folder = await asyncio.to_thread(stack.enter_context, opened_run(results))
        return await _executed(retry_spec(folder.path, selection, changes), on_progress, stop)


async def _prepared(source: ManifestBytes, settings: Settings, results: ResultsFolder) -> str:
    """Write the plan of a DataFrame; returns its id. The run then needs no manifest file."""
    key, earlier = _no_key_block(settings), earlier_service(results)
    async with open_service(settings, key, earlier=earlier) as service:
        voices = VoiceDirectory(await all_voices(service, settings.pace))
    with results.locked():
        facts = await asyncio.to_thread(prepare, source, settings, service.name, voices, results)
    return facts.plan_id


async def _executed(spec: RunSpec, on_progress: OnProgress | None, stop: StopRequest) -> RunResult:
    summary = await execute(spec, _ReportingSteps(on_progress), _no_key_block(spec.settings), stop)
    return RunResult(spec.results.absolute(), ExitCode(summary.exit_code), summary.reason, summary)


def _no_key_block(settings: Settings) -> ApiKey | None:
    if settings.service.key_block:
        raise ConfigError(
            "service.key_block names a Prefect Secret block, which only Prefect flows and `voicemill run` read; set "
            "CARTESIA_API_KEY instead"
        )
    return None


def source_of(manifest: "str | PathLike[str] | pd.DataFrame") -> str | ManifestBytes:
    """A manifest as the manifest check reads it. Raises `ManifestError` if a DataFrame cannot be converted."""
    if isinstance(manifest, str):
        return manifest
    if isinstance(manifest, PathLike):
        return str(Path(manifest))
    return manifest_bytes_of(manifest)


def results_folder_of(source: str | ManifestBytes, results: str | PathLike[str] | None) -> Path:
    """The results folder that was given, or one named after the manifest. Raises `ConfigError` for a DataFrame."""
    if results is not None:
        return Path(results)
    if isinstance(source, ManifestBytes):
        raise ConfigError('a DataFrame has no name; give a results folder: run(rows, results="results/NAME")')
    return Path("results") / source_name(source)
