"""`voicemill status`: the state of a results folder, during a run or after it."""

import json
from contextlib import suppress
from typing import Annotated

import typer

from voicemill.cli.help_page import Command, command_app, examples
from voicemill.cli.options import Json, ResultsOfRun, results_of_run

app = command_app()


@app.command(
    cls=Command,
    epilog=examples(
        "voicemill status results/book", "voicemill status results/book --watch", "voicemill status results/book --json"
    ),
)
def status(
    results: ResultsOfRun,
    watch: Annotated[
        bool, typer.Option("--watch", help="Show the progress of a live run until it ends. Ctrl-C leaves it running.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Show the progress of a live run, or how the last run ended."""
    from voicemill.report.status import state_of, status_lines

    folder = results_of_run(results)
    if watch:
        from voicemill.report.watch import watch as watch_run

        with suppress(KeyboardInterrupt):
            watch_run(folder)
    state = state_of(folder)
    typer.echo(json.dumps(state, indent=2) if as_json else "\n".join(status_lines(state)))
