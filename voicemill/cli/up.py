"""`voicemill up`: serve schedules until Ctrl-C."""

import signal
from types import FrameType
from typing import Annotated, NoReturn

import typer

from voicemill.cli.help_page import Command, command_app, examples

app = command_app()


@app.command(cls=Command, epilog=examples("voicemill up", "voicemill up --port 4300", "voicemill up --systemd"))
def up(
    port: Annotated[int, typer.Option(min=1, max=65535, metavar="PORT", help="Port of the Prefect UI and API.")] = 4200,
    systemd: Annotated[
        bool, typer.Option("--systemd", help="Print a systemd unit that runs this command, and exit.")
    ] = False,
) -> None:
    """Serve schedules with a local Prefect server and a worker, until Ctrl-C.

    Other commands of this user find the server on its default port. On another port, set PREFECT_API_URL for them.
    """
    from flows.up import served, unit, watch

    if systemd:
        typer.echo(unit(port), nl=False)
        return
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        with served(port) as started:
            typer.echo(f"Serving schedules. Prefect UI: http://127.0.0.1:{port}. Press Ctrl-C to stop.", err=True)
            watch(started)
    except KeyboardInterrupt:
        typer.echo("Stopped. Schedules run again after the next voicemill up.", err=True)


def _interrupt(_number: int, _frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt
