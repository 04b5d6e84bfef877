"""`voicemill control`: change a live run."""

import json
import time
from typing import TYPE_CHECKING, Annotated, Any

import typer

from voicemill.cli.help_page import Command, command_app, examples
from voicemill.cli.options import Json, ResultsOfRun, results_of_run
from voicemill.errors import ConfigError

if TYPE_CHECKING:
    from voicemill.pipeline.control import ControlCommand
    from voicemill.store.results_folder import ResultsFolder

app = command_app()

_TIMEOUT_S = 20.0
_POLL_EVERY_S = 0.1


@app.command(
    cls=Command,
    epilog=examples(
        "voicemill control results/book --pause",
        "voicemill control results/book --resume --max-concurrency 8",
        "voicemill control results/book --max-credits 20000",
        "voicemill control results/book --stop",
    ),
)
def control(
    results: ResultsOfRun,
    pause: Annotated[bool, typer.Option("--pause", help="Start no more calls until --resume.")] = False,
    resume: Annotated[bool, typer.Option("--resume", help="Resume after --pause.")] = False,
    max_concurrency: Annotated[
        int | None, typer.Option(min=1, max=1000, metavar="N", help="Concurrent calls from now on.")
    ] = None,
    max_credits: Annotated[
        float | None,
        typer.Option(min=0, metavar="N", help="Maximum credits to spend, over all runs in the results folder."),
    ] = None,
    stop: Annotated[bool, typer.Option("--stop", help="Stop after the calls in flight, like Ctrl-C.")] = False,
    as_json: Json = False,
) -> None:
    """Pause, resume, limit or stop a live run.

    The command returns once the run has applied the change, and prints the limits that are now in force.
    """
    from voicemill.pipeline.control import ControlCommand

    if pause and resume:
        raise ConfigError("--pause and --resume exclude each other")
    command = ControlCommand(True if pause else False if resume else None, max_concurrency, max_credits, stop)
    if command == ControlCommand(id=command.id):
        raise ConfigError("no change given; give --pause, --resume, --stop, --max-concurrency or --max-credits")
    folder = results_of_run(results)
    if not folder.is_locked():
        raise ConfigError(f"no live run in {results}; start one with: voicemill run MANIFEST -o {results}")
    command.send(folder)
    state = _applied(folder, command)
    typer.echo(json.dumps(state, indent=2) if as_json else f"{results}: {_summary(state)}.")


def _applied(folder: "ResultsFolder", command: "ControlCommand") -> dict[str, Any]:
    from voicemill.store.results_folder import read_json

    deadline = time.monotonic() + _TIMEOUT_S
    while time.monotonic() < deadline:
        state: dict[str, Any] = (read_json(folder.progress) or {}).get("control") or {}
        if state.get("order") == command.id:
            return {name: value for name, value in state.items() if name != "order"}
        if not folder.is_locked():
            raise ConfigError("the run ended before the command was applied")
        time.sleep(_POLL_EVERY_S)
    raise ConfigError("the run has not applied the command yet; voicemill status shows when it has")


def _summary(state: dict[str, Any]) -> str:
    if state.get("stop"):
        return "stopping after the calls in flight"
    parts = ["paused; resume with voicemill control --resume" if state["paused"] else "running"]
    if state.get("max_concurrency"):
        parts.append(f"{state['max_concurrency']} concurrent calls")
    if state.get("max_credits") is not None:
        parts.append(f"at most {state['max_credits']:,.0f} credits")
    return ", ".join(parts)
