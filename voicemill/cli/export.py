"""`voicemill export`: stored transcripts and word timestamps in other formats."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from voicemill.cli.help_page import Command, command_app, examples
from voicemill.cli.options import Json, StoredResultsOfRun
from voicemill.errors import ConfigError, ExitCode

if TYPE_CHECKING:
    from voicemill.pipeline.export import Exported

app = command_app()

_SHOWN = 20


@app.command(
    cls=Command,
    epilog=examples(
        "voicemill export results/book --to srt",
        "voicemill export results/book --to srt,vtt -o subtitles --max-line-width 32",
        "voicemill export results/book --to all",
    ),
)
def export(
    results: StoredResultsOfRun,
    to: Annotated[
        str,
        typer.Option(
            "--to",
            metavar="FORMATS",
            help="Formats, separated by commas: txt, json, srt, vtt, tsv (all of these: all), ass, audacity, "
            "words.parquet, segments.parquet; data sets: nemo, audiofolder, lhotse.",
        ),
    ],
    folder: Annotated[
        Path | None,
        typer.Option(
            "-o", "--output-dir", metavar="FOLDER", help="Where to write. [default: text/ in the results folder]"
        ),
    ] = None,
    max_line_width: Annotated[
        int | None, typer.Option(metavar="N", help="Characters per subtitle line. [default: as in the run]")
    ] = None,
    max_line_count: Annotated[
        int | None, typer.Option(metavar="N", help="Lines per subtitle. [default: as in the run]")
    ] = None,
    highlight_words: Annotated[
        bool | None,
        typer.Option("--highlight-words", help="Underline each word of a subtitle while it is spoken."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Write stored transcripts and word timestamps in other formats, without API calls.

    Generated speech has word timestamps only if the run used --timestamps.
    """
    from voicemill.pipeline.export import export as export_rows
    from voicemill.pipeline.export import subtitle_rules
    from voicemill.store.bucket_copies import opened_run

    formats = _formats(to)
    given = {"max_line_width": max_line_width, "max_line_count": max_line_count, "highlight_words": highlight_words}
    with opened_run(results) as place, place.locked():
        rules = subtitle_rules(place, {name: value for name, value in given.items() if value is not None})
        exported = export_rows(place, formats, folder, rules)
    typer.echo(json.dumps(asdict(exported), indent=2) if as_json else "\n".join(_lines(exported)))
    raise typer.Exit(ExitCode.SOME_REFUSED if exported.refused else ExitCode.OK)


def _formats(to: str) -> tuple[str, ...]:
    from voicemill.model import TEXT_FORMATS
    from voicemill.pipeline.export import FORMATS

    names = [name.strip().casefold().lstrip(".") for name in to.split(",") if name.strip()]
    if names == ["all"]:
        return TEXT_FORMATS
    unknown = [name for name in names if name not in FORMATS]
    if unknown:
        raise ConfigError(f"unknown export format: {', '.join(unknown)}; use {', '.join(FORMATS)}")
    if not names:
        raise ConfigError(f"--to is empty; use {', '.join(FORMATS)}")
    return tuple(dict.fromkeys(names))


def _lines(exported: "Exported") -> list[str]:
    lines = [f"Wrote {exported.files} files for {exported.rows} rows to {exported.folder}"]
    if exported.rows_without_words:
        lines.append(
            f"{exported.rows_without_words} finished rows have no word timestamps; run them with --timestamps."
        )
    lines += exported.refused[:_SHOWN]
    if len(exported.refused) > _SHOWN:
        lines.append(f"… and {len(exported.refused) - _SHOWN} more")
    return lines
