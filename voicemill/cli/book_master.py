"""`voicemill book master`: audiobook files for shops and players from the results of a run."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from voicemill.cli.book_details import DetailOptions
from voicemill.cli.help_page import Command, command_app, examples
from voicemill.cli.option_groups import with_options
from voicemill.cli.options import Json
from voicemill.errors import ExitCode

if TYPE_CHECKING:
    from voicemill.book.mastering.master import Mastered

app = command_app()

_SHOWN = 20


@app.command(
    cls=Command,
    epilog=examples(
        "voicemill book master results/novel --for m4b",
        'voicemill book master results/novel --for acx,m4b --title "The Lamp" --author "Ann Author" --cover lamp.jpg',
        "voicemill book master results/novel --for google,read-along --isbn 9781106701657 -o delivery",
    ),
)
@with_options
def master(
    results: Annotated[
        Path, typer.Argument(metavar="RESULTS", help="The results folder of a finished run.", show_default=False)
    ],
    deliveries: Annotated[
        str,
        typer.Option(
            "--for",
            metavar="NAMES",
            help="What to deliver, separated by commas: acx, google, apple, m4b, mp3, read-along, archive.",
        ),
    ],
    details: DetailOptions,
    folder: Annotated[
        Path | None,
        typer.Option(
            "-o", "--output-dir", metavar="FOLDER", help="Where to write. [default: book/ in the results folder]"
        ),
    ] = None,
    sample: Annotated[
        str | None, typer.Option(metavar="ROW", help="Row of the retail sample. [default: the first chapter]")
    ] = None,
    as_json: Json = False,
) -> None:
    """Master a finished run into audiobook files for shops and players, without API calls.

    Writes the files and delivery.csv, which lists the measured values of each file beside the limits of its shop.
    Exits with 1 if a file exceeds a limit. Rerun the command to resume; finished files are not made again.
    """
    from voicemill.book.mastering.master import master as master_book

    mastered = master_book(results, deliveries, folder, sample=sample, report=_say, **asdict(details))
    typer.echo(json.dumps(asdict(mastered), indent=2) if as_json else "\n".join(_lines(mastered)))
    raise typer.Exit(ExitCode.SOME_FAILED if mastered.failures else ExitCode.OK)


def _say(line: str) -> None:
    typer.echo(line, err=True)


def _lines(mastered: "Mastered") -> list[str]:
    lines = [_place(mastered, name) for name in mastered.files]
    lines.append(f"measured values and limits: {mastered.folder}/delivery.csv")
    rules = {name: rule for name, rule in mastered.narration_rules.items() if name in ("acx", "google", "apple")}
    lines += [f"rule of {name}: {rule}" for name, rule in rules.items()]
    return lines + _first(mastered.warnings, "items.parquet") + _first(mastered.failures, "delivery.csv")


def _place(mastered: "Mastered", name: str) -> str:
    """Where the files of a delivery are; those within a package are not listed."""
    paths = [path for file in mastered.files[name] if (path := Path(mastered.folder) / file.name).is_file()]
    where = str(paths[0]) if len(paths) == 1 else f"{len(paths)} files in {Path(mastered.folder) / name}"
    return f"{name}: {where}"


def _first(lines: list[str], table: str) -> list[str]:
    more = len(lines) - _SHOWN
    return [*lines[:_SHOWN], *([f"… and {more} more, in {table}"] if more > 0 else [])]
