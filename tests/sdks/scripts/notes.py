"""The record of a script: one JSON line per step, with audio in separate files. Uses only the standard library."""

import json
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any


def task() -> dict[str, Any]:
    """The input of a script: service URLs, texts, clips and the folder for audio."""
    task: dict[str, Any] = json.loads(Path(sys.argv[1]).read_text())
    return task


class Notes:
    """Makes one step after another and records the error of a step that raises."""

    def __init__(self, folder: str) -> None:
        self._folder = Path(folder)

    def step(self, name: str, call: Callable[[], Any]) -> Any:
        """Record the facts that `call` returns, with bytes written to files. Returns None if it raised."""
        try:
            facts = call()
        except Exception as error:
            self._line(name, error=_described(error))
            return None
        self._line(name, facts={key: self._kept(name, key, value) for key, value in facts.items()})
        return facts

    def _kept(self, name: str, key: str, value: Any) -> Any:
        if not isinstance(value, bytes):
            return value
        path = self._folder / f"{name.replace('/', '-')}.{key}"
        path.write_bytes(value)
        return str(path)

    def _line(self, name: str, **noted: Any) -> None:
        sys.stdout.write(json.dumps({"step": name} | noted, default=str) + "\n")
        sys.stdout.flush()


def events(stream: Iterable[Any], audio: Callable[[dict[str, Any]], bytes]) -> dict[str, Any]:
    """The facts of a stream: its events without audio, and all audio joined."""
    seen, pieces = [], []
    for event in stream:
        pieces.append(audio(event))
        seen.append({key: value for key, value in event.items() if key != "data"})
    return {"events": seen, "audio": b"".join(pieces)}


def _described(error: Exception) -> dict[str, Any]:
    kinds = [f"{kind.__module__}.{kind.__name__}" for kind in type(error).__mro__]
    status = getattr(error, "status_code", None) or getattr(error, "status", None)
    return {"kinds": kinds, "status": status, "text": str(error)}
