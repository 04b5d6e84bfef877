"""`voicemill report`: the HTML report of a results folder."""

from pathlib import Path
from typing import Annotated

import typer

from voicemill.cli.help_page import Command, command_app, examples
from voicemill.cli.options import StoredResultsOfRun

app = command_app()

_MB = 1_000_000


@app.command(
    cls=Command,
    epilog=examples(
        "voicemill report results/book",
        "voicemill report results/book --open",
        "voicemill report results/book --embed book-report.html",
    ),
)
def report(
    results: StoredResultsOfRun,
    open_page: Annotated[bool, typer.Option("--open", help="Open the report in the default browser.")] = False,
    embed: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Write one file that contains the audio of a sample of rows, to send to others.",
        ),
    ] = None,
    embed_mb: Annotated[
        int, typer.Option(metavar="N", min=1, help="Maximum megabytes of audio in the --embed file.")
    ] = 12,
) -> None:
    """Write the HTML report of a results folder: problems, audio, texts and costs.

    Every run writes the report as report.html when it ends. It opens from disk, without a server or a network.
    """
    from voicemill.html_report.write import write_embedded, write_report
    from voicemill.store.bucket_copies import opened_run, place_of

    with opened_run(results, files=True) as folder, folder.locked():
        written = write_embedded(folder, embed, embed_mb * _MB) if embed else write_report(folder)
        place = embed or f"{place_of(folder)}/{written.path.name}"
    size = f"{written.size_bytes / _MB:,.1f} MB"
    state = f"{written.rows:,} of {written.all_rows:,} rows, {size}" + ("" if written.changed else ", up to date")
    typer.echo(f"{place}: {state}")
    if open_page:
        typer.launch(str(written.path.absolute()))
