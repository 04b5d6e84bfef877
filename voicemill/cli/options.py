"""Options that several verbs share, each written once: a verb takes a whole group of them as one parameter.

To add an option, add a field to the group whose verbs shall know it; where it says which setting it `Sets`, nothing
else is to be done.
"""

import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields, is_dataclass
from pathlib import Path
from typing import Annotated, Any, NamedTuple, get_type_hints

import typer

from voicemill.config import Settings, load_settings
from voicemill.errors import ConfigError
from voicemill.manifest import source_name
from voicemill.store.results_folder import ResultsFolder

Manifest = Annotated[
    str,
    typer.Argument(
        help="CSV, TSV, JSONL or Parquet, - for standard input; or a folder, a 'glob', @ and a list of files.",
        show_default=False,
    ),
]
Results = Annotated[Path | None, typer.Option("-o", "--results", help="Results folder. [results/<manifest's name>]")]
Profile = Annotated[str | None, typer.Option(help="A profile of configs/, by name, or the path of a TOML file.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]

Force = Annotated[bool, typer.Option("--force", help="Also ask again for rows that the service refused.")]
ResultsOfRun = Annotated[Path, typer.Argument(metavar="results", help="A results folder.", show_default=False)]


class Sets(NamedTuple):
    """Which setting an option stands for; without a section it is one of `Settings` itself."""

    section: str
    name: str


@dataclass(frozen=True, kw_only=True)
class Options:
    """A group of options."""

    def changes(self) -> dict[str, Any]:
        """The settings that they stand for, by section; None where an option was not given."""
        given: dict[str, Any] = {}
        for name, option in get_type_hints(type(self), include_extras=True).items():
            for target in getattr(option, "__metadata__", ()):
                if isinstance(target, Sets):
                    section = given.setdefault(target.section, {}) if target.section else given
                    value = getattr(self, name)
                    section[target.name] = None if value == [] else value
        return given


@dataclass(frozen=True, kw_only=True)
class RowOptions(Options):
    """What rows get where their own cells are empty, over what the profile says."""

    profile: Profile = None
    op: Annotated[
        str | None,
        Sets("", "operation"),
        typer.Option(help="What is done, for all rows: tts, stt, voice_change or infill. [each row's own op, or tts]"),
    ] = None
    allow_host: Annotated[
        list[str] | None,
        Sets("inputs", "allow_hosts"),
        typer.Option(help="A host that inputs may be downloaded from, by https; may be given several times."),
    ] = None
    voice: Annotated[
        str | None, Sets("defaults", "voice"), typer.Option(help="Voice (name or id) for rows without one.")
    ] = None
    model: Annotated[str | None, Sets("defaults", "model"), typer.Option(help="Model for rows without one.")] = None
    language: Annotated[
        str | None, Sets("defaults", "language"), typer.Option(help="Language for rows without one.")
    ] = None
    container: Annotated[
        str | None, Sets("defaults", "container"), typer.Option(help="wav, mp3 or raw, for rows without one.")
    ] = None
    sample_rate: Annotated[
        int | None, Sets("defaults", "sample_rate"), typer.Option(help="Sample rate in Hz, for rows without one.")
    ] = None

    output_format: Annotated[
        str | None,
        Sets("defaults", "output_format"),
        typer.Option(help="Files of text, with commas: txt, json, srt, vtt, tsv, or all. [txt for stt, none for tts]"),
    ] = None
    timestamps: Annotated[
        bool | None,
        Sets("defaults", "timestamps"),
        typer.Option("--timestamps", "--word-timestamps", help="Speech tells when each word is said; stt always does."),
    ] = None
    max_line_width: Annotated[
        int | None, Sets("subtitles", "max_line_width"), typer.Option(help="Columns of a line of subtitles. [42]")
    ] = None
    max_line_count: Annotated[
        int | None, Sets("subtitles", "max_line_count"), typer.Option(help="Lines of a subtitle. [2]")
    ] = None
    highlight_words: Annotated[
        bool | None,
        Sets("subtitles", "highlight_words"),
        typer.Option("--highlight-words", help="Underline each word of subtitles as it is said."),
    ] = None

    def settings(self) -> Settings:
        """The profile's settings, then what the options say. Raises `ConfigError`."""
        return load_settings(self.profile, **self.changes())


@dataclass(frozen=True, kw_only=True)
class PaceOptions(Options):
    """How fast a run goes about its work."""

    max_concurrency: Annotated[
        str | None,
        Sets("pace", "max_concurrency"),
        typer.Option(help="Calls in flight at once: a number, least-first-most as in 4-20-100, or auto. [auto]"),
    ] = None
    plan: Annotated[
        str | None,
        Sets("pace", "plan"),
        typer.Option(help="Your Cartesia plan: free, pro, startup or scale. Its concurrency is where the pace begins."),
    ] = None
    shared_limit: Annotated[
        str | None,
        Sets("pace", "shared_limit"),
        typer.Option(help="Share a limit of that name with other runs, through Prefect. [every run by itself]"),
    ] = None
    requests_per_second: Annotated[
        float | None, Sets("pace", "requests_per_s"), typer.Option(help="Most requests a second.")
    ] = None


@dataclass(frozen=True, kw_only=True)
class EndOptions(Options):
    """What ends a run before its end, and who is told."""

    max_credits: Annotated[
        float | None, Sets("budget", "max_credits"), typer.Option(help="Most credits, over all runs in the folder.")
    ] = None
    max_cost: Annotated[
        float | None, Sets("budget", "max_cost_usd"), typer.Option(help="The same in US dollars, at --plan's price.")
    ] = None
    max_calls: Annotated[
        int | None, Sets("budget", "max_calls"), typer.Option(help="Most requests, over all runs in the folder.")
    ] = None
    max_duration: Annotated[
        float | None, Sets("budget", "max_duration_s"), typer.Option(help="Seconds after which no call is begun.")
    ] = None
    fail_on_error: Annotated[
        float | None,
        Sets("pace", "fail_on_error"),
        typer.Option(help="Stop once more rows failed or were refused: a number, or a share as in 0.1."),
    ] = None
    webhook: Annotated[
        str | None,
        Sets("", "webhook"),
        typer.Option(help="POST the summary as JSON here when the run has ended. [$VOICEMILL_WEBHOOK]"),
    ] = None
    when_down: Annotated[
        str | None, Sets("pace", "when_down"), typer.Option(help="stop or wait, when the service stays down. [stop]")
    ] = None


@dataclass(frozen=True, kw_only=True)
class RunOptions(PaceOptions, RowOptions):
    """How a run goes about its work, and what it makes."""

    answers: Annotated[
        str | None,
        Sets("", "answers"),
        typer.Option(help="Answer store shared by several runs. [inside the results folder]"),
    ] = None


@dataclass(frozen=True, kw_only=True)
class SpendingOptions(EndOptions, RunOptions):
    """All that a run may be told."""

    sample: Annotated[
        int | None, Sets("budget", "sample_rows"), typer.Option(help="Make only so many rows, spread over all.")
    ] = None
    limit: Annotated[
        int | None, Sets("budget", "first_rows"), typer.Option(help="Make only so many rows, the first ones.")
    ] = None


@dataclass(frozen=True, kw_only=True)
class RetryOptions(EndOptions, PaceOptions):
    """What may be told to a run that goes on with what another was told."""


def with_options(verb: Callable[..., None]) -> Callable[..., None]:
    """`verb`, with the fields of its groups of options as options of its own."""
    signature = inspect.signature(verb, eval_str=True)
    groups: dict[str, Any] = {
        name: taken.annotation for name, taken in signature.parameters.items() if is_dataclass(taken.annotation)
    }

    def called(**given: Any) -> None:  # noqa: ANN401 - whatever the verb takes
        for name, group in groups.items():
            given[name] = group(**{field.name: given.pop(field.name) for field in fields(group)})
        verb(**given)

    called.__doc__ = verb.__doc__
    called.__name__ = verb.__name__
    called.__signature__ = signature.replace(parameters=list(_spread(signature)))  # type: ignore[attr-defined]
    return called


def _spread(signature: inspect.Signature) -> Iterator[inspect.Parameter]:
    for name, taken in signature.parameters.items():
        if is_dataclass(taken.annotation):
            hints = get_type_hints(taken.annotation, include_extras=True)
            for field in fields(taken.annotation):
                yield _option(field.name, hints[field.name], field.default)
        else:
            yield _option(name, taken.annotation, taken.default)


def _option(name: str, annotation: Any, default: object) -> inspect.Parameter:  # noqa: ANN401 - any type
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, annotation=annotation, default=default)


def results_folder(results: Path | None, manifest: str) -> Path:
    """The folder the user named, or one named after the manifest."""
    return results or Path("results") / source_name(manifest)


def results_of_run(results: Path) -> ResultsFolder:
    """The folder of an earlier run. Raises `ConfigError` where there was none."""
    folder = ResultsFolder(results)
    if not folder.notes.is_dir():
        raise ConfigError(f"{results} is no results folder; give the folder that a run was started with (-o)")
    return folder
