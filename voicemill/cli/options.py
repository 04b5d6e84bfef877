"""Options that several commands share. A command takes a whole group of them as one parameter.

To add an option, add a field to the group of its section. A field marked with `Sets` overrides that setting; nothing
else is needed.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, ClassVar

import typer

from voicemill.cli.option_groups import Options, Sets
from voicemill.cli.quality_options import QualityOptions
from voicemill.cli.runner_options import RowCountOptions, RunnerOptions
from voicemill.cli.speech_options import SpeechOptions

if TYPE_CHECKING:  # importing them takes longer than showing a help page
    from voicemill.config import Settings
    from voicemill.store.results_folder import ResultsFolder

Manifest = Annotated[
    str,
    typer.Argument(
        metavar="MANIFEST",
        help="A CSV, TSV, JSONL or Parquet file, or - for standard input. Also a folder or 'glob' of inputs, or "
        "@FILE with one input per line.",
        show_default=False,
    ),
]
Results = Annotated[
    Path | None,
    typer.Option(
        "-o",
        "--results",
        metavar="FOLDER",
        help="Results folder, or an address such as s3://bucket/prefix. [default: results/<manifest name>]",
        rich_help_panel="Output",
    ),
]
ResultsOfRun = Annotated[
    Path, typer.Argument(metavar="RESULTS", help="The results folder of a run.", show_default=False)
]
StoredResultsOfRun = Annotated[
    Path,
    typer.Argument(
        metavar="RESULTS",
        help="The results folder of a run, or an address such as s3://bucket/prefix.",
        show_default=False,
    ),
]
Profile = Annotated[
    str | None,
    typer.Option(
        metavar="NAME|FILE",
        help="Settings profile: a name from configs/ or the path of a TOML file.",
        rich_help_panel="Run",
    ),
]
Force = Annotated[
    bool, typer.Option("--force", help="Also retry rows that the service refused.", rich_help_panel="Run")
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
JsonOfRun = Annotated[
    bool,
    typer.Option("--json", help="Print the summary as JSON on stdout, and progress as JSON lines on stderr."),
]


@dataclass(frozen=True, kw_only=True)
class InputOptions(Options):
    """The operation of rows, the format of the manifest, and the allowed sources of inputs."""

    panel: ClassVar[str] = "Input"

    op: Annotated[
        str | None,
        Sets("", "operation"),
        typer.Option(
            metavar="OPERATION",
            help="Operation of all rows: tts, stt, voice_change or infill. [default: the op column, else tts]",
        ),
    ] = None
    format: Annotated[
        str | None,
        Sets("inputs", "format"),
        typer.Option(
            metavar="FORMAT",
            help="Format of the manifest: csv, tsv, jsonl, parquet, nemo, ljspeech, common-voice, librispeech, kaldi, "
            "audiofolder or whisper. [default: auto]",
        ),
    ] = None
    text: Annotated[
        str | None,
        Sets("inputs", "text"),
        typer.Option(
            metavar="MARKUP", help="plain, or markdown to speak texts without their Markdown marks. [default: plain]"
        ),
    ] = None
    allow_host: Annotated[
        list[str] | None,
        Sets("inputs", "allow_hosts"),
        typer.Option(metavar="HOST", help="Allow HTTPS downloads of inputs from this host. Repeatable."),
    ] = None


@dataclass(frozen=True, kw_only=True)
class VoiceOptions(Options):
    """Defaults for rows without a voice, model or language."""

    panel: ClassVar[str] = "Voice"

    voice: Annotated[
        str | None,
        Sets("defaults", "voice"),
        typer.Option(metavar="NAME|ID", help="Voice of rows without one. [default: the first voice of the language]"),
    ] = None
    model: Annotated[
        str | None, Sets("defaults", "model"), typer.Option(metavar="MODEL", help="Model of rows without one.")
    ] = None
    language: Annotated[
        str | None,
        Sets("defaults", "language"),
        typer.Option(metavar="CODE", help="Language of rows without one. [default: en]"),
    ] = None


@dataclass(frozen=True, kw_only=True)
class OutputOptions(Options):
    """Defaults for the files that rows produce."""

    panel: ClassVar[str] = "Output"

    container: Annotated[
        str | None,
        Sets("defaults", "container"),
        typer.Option(metavar="CONTAINER", help="Audio container of rows without one: wav, mp3 or raw. [default: wav]"),
    ] = None
    sample_rate: Annotated[
        int | None,
        Sets("defaults", "sample_rate"),
        typer.Option(metavar="HZ", help="Sample rate of rows without one. [default: 44100]"),
    ] = None
    output_format: Annotated[
        str | None,
        Sets("defaults", "output_format"),
        typer.Option(
            metavar="FORMATS",
            help="Text files to write, separated by commas: txt, json, srt, vtt, tsv, or all. [default: txt for stt]",
        ),
    ] = None
    timestamps: Annotated[
        bool | None,
        Sets("defaults", "timestamps"),
        typer.Option("--timestamps", "--word-timestamps", help="Request word timestamps for TTS; STT always has them."),
    ] = None
    audio_track: Annotated[
        str | None,
        Sets("defaults", "audio_track"),
        typer.Option(
            metavar="TRACK",
            help="Audio track of recordings that have several: a number from 1, or a language such as eng. "
            "[default: the track that players choose]",
        ),
    ] = None
    max_line_width: Annotated[
        int | None,
        Sets("subtitles", "max_line_width"),
        typer.Option(metavar="N", help="Characters per subtitle line. [default: 42]"),
    ] = None
    max_line_count: Annotated[
        int | None,
        Sets("subtitles", "max_line_count"),
        typer.Option(metavar="N", help="Lines per subtitle. [default: 2]"),
    ] = None
    highlight_words: Annotated[
        bool | None,
        Sets("subtitles", "highlight_words"),
        typer.Option("--highlight-words", help="Underline each word of a subtitle while it is spoken."),
    ] = None


@dataclass(frozen=True, kw_only=True)
class PaceOptions(Options):
    """The concurrency and the rate of calls."""

    panel: ClassVar[str] = "Pace"

    max_concurrency: Annotated[
        str | None,
        Sets("pace", "max_concurrency"),
        typer.Option(metavar="N|MIN-START-MAX|auto", help="Concurrent calls: 8, 4-20-100 or auto. [default: auto]"),
    ] = None
    plan: Annotated[
        str | None,
        Sets("pace", "plan"),
        typer.Option(
            metavar="PLAN",
            help="Your Cartesia plan: free, pro, startup or scale. Its concurrency limit is the starting point.",
        ),
    ] = None
    requests_per_second: Annotated[
        float | None, Sets("pace", "requests_per_s"), typer.Option(metavar="N", help="Maximum requests per second.")
    ] = None
    passes: Annotated[
        int | None,
        Sets("pace", "passes"),
        typer.Option(
            metavar="N", help="Passes over the rows; each one after the first retries failed rows. [default: 2]"
        ),
    ] = None
    shared_limit: Annotated[
        str | None,
        Sets("pace", "shared_limit"),
        typer.Option(metavar="NAME", help="Share one concurrency limit with all runs that give the same name."),
    ] = None


@dataclass(frozen=True, kw_only=True)
class BudgetOptions(Options):
    """Limits on what a run may spend, over all runs in its results folder."""

    panel: ClassVar[str] = "Budget"

    max_credits: Annotated[
        float | None,
        Sets("budget", "max_credits"),
        typer.Option(metavar="N", help="Maximum credits to spend, over all runs in the results folder."),
    ] = None
    max_cost: Annotated[
        float | None,
        Sets("budget", "max_cost_usd"),
        typer.Option(metavar="USD", help="The same limit in US dollars, at the price of --plan."),
    ] = None
    max_calls: Annotated[
        int | None,
        Sets("budget", "max_calls"),
        typer.Option(metavar="N", help="Maximum requests, over all runs in the results folder."),
    ] = None
    max_duration: Annotated[
        float | None,
        Sets("budget", "max_duration_s"),
        typer.Option(metavar="SECONDS", help="Start no call after this time."),
    ] = None


@dataclass(frozen=True, kw_only=True)
class EndOptions(Options):
    """The conditions that end a run early, and the destination of its summary."""

    fail_on_error: Annotated[
        float | None,
        Sets("pace", "fail_on_error"),
        typer.Option(
            metavar="N|SHARE", help="Stop when more than N rows, or a share such as 0.1, fail or are refused."
        ),
    ] = None
    when_down: Annotated[
        str | None,
        Sets("pace", "when_down"),
        typer.Option(metavar="stop|wait", help="What to do when the service stays down. [default: stop]"),
    ] = None
    webhook: Annotated[
        str | None,
        Sets("", "webhook"),
        typer.Option(metavar="URL", help="POST the summary as JSON to this URL at the end. [env: VOICEMILL_WEBHOOK]"),
    ] = None


@dataclass(frozen=True, kw_only=True)
class ServiceOptions(Options):
    """The service that receives the calls."""

    engine: Annotated[
        str | None,
        Sets("service", "engine"),
        typer.Option(
            metavar="embedded",
            help="Use the embedded engine even if CARTESIA_API_KEY is set, and continue results made with Cartesia.",
        ),
    ] = None


@dataclass(frozen=True, kw_only=True)
class AnswerOptions(Options):
    """The location of the answer store."""

    answers: Annotated[
        str | None,
        Sets("", "answers"),
        typer.Option(metavar="FOLDER", help="Answer store shared by several runs. [default: in the results folder]"),
    ] = None


@dataclass(frozen=True, kw_only=True)
class ProfileOptions(Options):
    """The profile that all other options override."""

    profile: Profile = None

    def settings(self) -> "Settings":
        """The settings of the profile, overridden by the options. Raises `ConfigError`."""
        from voicemill.config import load_settings

        return load_settings(self.profile, **self.changes())


@dataclass(frozen=True, kw_only=True)
class RowOptions(ProfileOptions, QualityOptions, OutputOptions, VoiceOptions, SpeechOptions, InputOptions):
    """The options of commands that check a manifest."""


@dataclass(frozen=True, kw_only=True)
class PlanOptions(AnswerOptions, ServiceOptions, PaceOptions, RowOptions):
    """The options of commands that estimate a run."""


@dataclass(frozen=True, kw_only=True)
class RunOptions(RunnerOptions, EndOptions, RowCountOptions, BudgetOptions, PlanOptions):
    """All options of a run."""


@dataclass(frozen=True, kw_only=True)
class RetryOptions(RunnerOptions, EndOptions, ServiceOptions, BudgetOptions, PaceOptions):
    """The settings that a retry may change; all others stay as in the earlier run."""


def results_folder(results: Path | None, manifest: str) -> Path:
    """The folder that was given, or one named after the manifest."""
    from voicemill.manifest import source_name

    return results or Path("results") / source_name(manifest)


def results_of_run(results: Path) -> "ResultsFolder":
    """The folder of an earlier run. Raises `ConfigError` if it is not one."""
    from voicemill.store.results_folder import folder_of_run

    return folder_of_run(results)
