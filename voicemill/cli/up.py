"""`voicemill up`: schedules are served, and Prefect's pages shown, until Ctrl-C."""

import signal
from types import FrameType
from typing import Annotated, NoReturn

import typer

from flows.up import served, unit, watch
from voicemill.cli.flow_runner import say


def up(
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port of Prefect's pages and API.")] = 4200,
    systemd: Annotated[bool, typer.Option("--systemd", help="Print a systemd unit that does this, and end.")] = False,
) -> None:
    """Serve schedules: a local Prefect server with its pages and a worker, until Ctrl-C.

    Runs of this user find the server at its default port; at another one PREFECT_API_URL has to name it.
    """
    if systemd:
        typer.echo(unit(port), nl=False)
        return
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        with served(port) as started:
            say(f"Schedules are served; Prefect's pages are at http://127.0.0.1:{port}. Ctrl-C ends it.")
            watch(started)
    except KeyboardInterrupt:
        say("Ended; schedules wait for the next voicemill up.")


def _interrupt(_number: int, _frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt
