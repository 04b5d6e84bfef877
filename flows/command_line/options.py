"""Options that several verbs share, and the settings they make."""

from pathlib import Path
from typing import Annotated

import typer

from voicemill.config import Settings, load_settings

Manifest = Annotated[
    str, typer.Argument(help="CSV, TSV, JSONL or Parquet; - reads standard input.", show_default=False)
]
Results = Annotated[Path | None, typer.Option("-o", "--results", help="Results folder. [results/<manifest's name>]")]
Profile = Annotated[str | None, typer.Option(help="A profile of configs/, by name, or the path of a TOML file.")]
Voice = Annotated[str | None, typer.Option(help="Voice (name or id) for rows without one.")]
Model = Annotated[str | None, typer.Option(help="Model for rows without one.")]
Language = Annotated[str | None, typer.Option(help="Language for rows without one.")]
Container = Annotated[str | None, typer.Option(help="wav, mp3 or raw, for rows without one.")]
SampleRate = Annotated[int | None, typer.Option(help="Sample rate in Hz, for rows without one.")]
MaxConcurrency = Annotated[int | None, typer.Option(min=1, help="Most calls in flight at once.")]
Answers = Annotated[str | None, typer.Option(help="Answer store shared by several runs. [inside the results folder]")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def settings_from(
    profile: str | None,
    *,
    voice: str | None = None,
    model: str | None = None,
    language: str | None = None,
    container: str | None = None,
    sample_rate: int | None = None,
    max_concurrency: int | None = None,
    answers: str | None = None,
) -> Settings:
    """Settings from the profile, then the flags. Raises `ConfigError`."""
    settings = load_settings(
        profile,
        defaults={
            "voice": voice,
            "model": model,
            "language": language,
            "container": container,
            "sample_rate": sample_rate,
        },
        pace={"max_concurrency": max_concurrency},
    )
    return settings.model_copy(update={"answers": answers}) if answers else settings


def results_folder(results: Path | None, manifest: str) -> Path:
    """The folder the user named, or one named after the manifest."""
    return results or Path("results") / (Path(manifest).stem if manifest != "-" else "stdin")
