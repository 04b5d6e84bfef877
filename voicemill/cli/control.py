"""`voicemill control`: a live run is paused, resumed, slowed, given more to spend, or stopped gracefully."""

import json
import time
from typing import Annotated, Any

import typer

from voicemill.cli.options import Json, ResultsOfRun, results_of_run
from voicemill.errors import ConfigError
from voicemill.pipeline.control import ControlCommand
from voicemill.store.results_folder import ResultsFolder, read_json

_LONGEST_S = 20.0
_LOOK_EVERY_S = 0.1


def control(
    results: ResultsOfRun,
    pause: Annotated[bool, typer.Option("--pause", help="Begin no further call until --resume.")] = False,
    resume: Annotated[bool, typer.Option("--resume", help="Go on after --pause.")] = False,
    max_concurrency: Annotated[int | None, typer.Option(min=1, max=1000, help="Calls in flight at once.")] = None,
    max_credits: Annotated[float | None, typer.Option(min=0, help="Most credits, over all runs in the folder.")] = None,
    stop: Annotated[bool, typer.Option("--stop", help="End the run after the calls in flight, like Ctrl-C.")] = False,
    as_json: Json = False,
) -> None:
    """Steer the run that works in a results folder now, and say what it does from then on."""
    if pause and resume:
        raise ConfigError("--pause and --resume cannot both be meant; give one of them")
    command = ControlCommand(True if pause else False if resume else None, max_concurrency, max_credits, stop)
    if command == ControlCommand(id=command.id):
        raise ConfigError("nothing to be done; give --pause, --resume, --stop, --max-concurrency or --max-credits")
    folder = results_of_run(results)
    if not folder.is_locked():
        raise ConfigError(f"no run works in {results}; start one with: voicemill run MANIFEST -o {results}")
    command.send(folder)
    state = _acknowledged(folder, command)
    typer.echo(json.dumps(state, indent=2) if as_json else f"{results}: {_said(state)}.")


def _acknowledged(folder: ResultsFolder, command: ControlCommand) -> dict[str, Any]:
    until = time.monotonic() + _LONGEST_S
    while time.monotonic() < until:
        state: dict[str, Any] = (read_json(folder.progress) or {}).get("control") or {}
        if state.get("order") == command.id:
            return {name: value for name, value in state.items() if name != "order"}
        if not folder.is_locked():
            raise ConfigError("the run ended before the command was applied; nothing was changed")
        time.sleep(_LOOK_EVERY_S)
    raise ConfigError("the run has not answered yet; it obeys when it comes to it, and voicemill status tells")


def _said(state: dict[str, Any]) -> str:
    parts = ["paused; voicemill control --resume goes on" if state["paused"] else "running"]
    if state.get("max_concurrency"):
        parts.append(f"{state['max_concurrency']} calls at once")
    if state.get("max_credits") is not None:
        parts.append(f"at most {state['max_credits']:,.0f} credits")
    return "ending after the calls in flight" if state.get("stop") else ", ".join(parts)
