"""Control of a live run: a command in a small durable file, which the run polls, applies and acknowledges."""

import time
import uuid
from dataclasses import asdict, dataclass, field
from typing import Any

from voicemill.pipeline.context import RunContext
from voicemill.store.results_folder import ResultsFolder, read_json, this_process, write_json


@dataclass(frozen=True, slots=True)
class ControlCommand:
    """A change to a live run. None leaves a value as it is."""

    paused: bool | None = None
    max_concurrency: int | None = None
    max_credits: float | None = None
    stop: bool = False
    holder: str = ""
    id: str = field(default_factory=lambda: uuid.uuid4().hex)

    def send(self, results: ResultsFolder) -> None:
        """Write the command for the run that works in `results`. Raises `StorageError`."""
        write_json(results.control, asdict(self) | {"holder": results.holder()})


class ControlListener:
    """Applies the commands that are addressed to this process."""

    def __init__(self, context: RunContext, results: ResultsFolder) -> None:
        self._context = context
        self._results = results
        self.started_s = time.monotonic()
        self.state: dict[str, Any] = {"order": None, "paused": False}

    def poll(self) -> None:
        """Apply a new command. `state` then holds its id (as `order`) and the current values."""
        command = _command_in(self._results)
        if command is None or command.id == self.state["order"] or command.holder != this_process():
            return
        _apply(command, self._context)
        values = {name: value for name, value in asdict(command).items() if name not in ("id", "holder")}
        self.state |= {name: value for name, value in values.items() if value is not None} | {"order": command.id}


def _command_in(results: ResultsFolder) -> ControlCommand | None:
    try:
        return ControlCommand(**(read_json(results.control) or {}))
    except TypeError:
        return None


def _apply(command: ControlCommand, context: RunContext) -> None:
    if command.paused is not None:
        context.limiter.set_paused(is_paused=command.paused)
    if command.max_concurrency is not None:
        context.limiter.set_concurrency(command.max_concurrency)
    if command.max_credits is not None:
        context.limiter.budget.limit_credits(command.max_credits)
    if command.stop:
        context.stop()
