"""`voicemill export`: new formats of what a run has stored; no call, no Prefect."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from voicemill.cli.options import Json
from voicemill.config import Subtitles, load_settings
from voicemill.errors import ConfigError, ExitCode
from voicemill.model import TEXT_FORMATS
from voicemill.pipeline.export import FORMATS, Exported
from voicemill.store.results_folder import ResultsFolder, read_json

_SHOWN = 20


def export(
    results: Annotated[Path, typer.Argument(help="A results folder.", show_default=False)],
    to: Annotated[str, typer.Option("--to", help=f"Formats, with commas: {', '.join(FORMATS)}, or all (Whisper's).")],
    folder: Annotated[
        Path | None, typer.Option("-o", "--output-dir", help="Where they go. [text/ in the results folder]")
    ] = None,
    max_line_width: Annotated[int | None, typer.Option(help="Columns of a line of subtitles. [as in the run]")] = None,
    max_line_count: Annotated[int | None, typer.Option(help="Lines of a subtitle. [as in the run]")] = None,
    highlight_words: Annotated[
        bool | None, typer.Option("--highlight-words", help="Underline each word of subtitles as it is said.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Write what was heard or spoken in other formats, from what is stored: nothing is asked, nothing is paid."""
    from voicemill.pipeline.export import export as export_rows

    place = ResultsFolder(results)
    if not place.notes.is_dir():
        raise ConfigError(f"{results} is no results folder; give the folder that a run was started with (-o)")
    asked = {"max_line_width": max_line_width, "max_line_count": max_line_count, "highlight_words": highlight_words}
    rules = _rules(place, {name: value for name, value in asked.items() if value is not None})
    with place.locked():
        exported = export_rows(place, _formats(to), folder, rules)
    typer.echo(json.dumps(asdict(exported), indent=2) if as_json else "\n".join(_lines(exported)))
    raise typer.Exit(ExitCode.SOME_REFUSED if exported.refused else ExitCode.OK)


def _formats(to: str) -> tuple[str, ...]:
    names = [name.strip().casefold().lstrip(".") for name in to.split(",") if name.strip()]
    if names == ["all"]:
        return TEXT_FORMATS
    unknown = [name for name in names if name not in FORMATS]
    if unknown or not names:
        raise ConfigError(f"{', '.join(unknown) or 'nothing'} is no format to export to; use {', '.join(FORMATS)}")
    return tuple(dict.fromkeys(names))


def _rules(place: ResultsFolder, given: dict[str, object]) -> Subtitles:
    """The rules of the run, with what was given here in their place."""
    run = (read_json(place.run_file) or {}).get("settings", {}).get("subtitles", {})
    known = {name: value for name, value in run.items() if name in Subtitles.model_fields}
    return load_settings(subtitles=known | given).subtitles


def _lines(exported: Exported) -> list[str]:
    lines = [f"{exported.files} files of {exported.rows} rows in {exported.folder}"]
    if exported.rows_without_words:
        lines.append(f"{exported.rows_without_words} finished rows have no words; speak them with --timestamps.")
    lines += exported.refused[:_SHOWN]
    if len(exported.refused) > _SHOWN:
        lines.append(f"… and {len(exported.refused) - _SHOWN} more")
    return lines
