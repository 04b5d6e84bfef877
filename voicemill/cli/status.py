"""`voicemill status`: the state of a results folder, during a run or after it."""

import json
from contextlib import suppress
from typing import TYPE_CHECKING, Annotated

import typer

from voicemill.cli.help_page import Command, command_app, examples
from voicemill.cli.options import Json, StoredResultsOfRun, results_of_run
from voicemill.errors import ConfigError

if TYPE_CHECKING:
    from voicemill.store.results_folder import ResultsFolder

app = command_app()


@app.command(
    cls=Command,
    epilog=examples(
        "voicemill status results/book", "voicemill status results/book --watch", "voicemill status results/book --json"
    ),
)
def status(
    results: StoredResultsOfRun,
    watch: Annotated[
        bool, typer.Option("--watch", help="Show the progress of a live run until it ends. Ctrl-C leaves it running.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Show the progress of a live run, or how the last run ended."""
    from voicemill.report.status import state_of, state_of_address, status_lines
    from voicemill.store.object_store import object_address

    address = object_address(results)
    if address and watch:
        raise ConfigError("--watch needs a folder on a disk; for an address, repeat voicemill status")
    if watch:
        _watch(results_of_run(results))
    state = state_of_address(address) if address else state_of(results_of_run(results))
    typer.echo(json.dumps(state, indent=2) if as_json else "\n".join(status_lines(state)))


def _watch(folder: "ResultsFolder") -> None:
    from voicemill.report.watch import watch

    with suppress(KeyboardInterrupt):
        watch(folder)
