"""What was found of recordings, so that a rerun need not read them: a line of JSON each, of which the last holds."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from voicemill.model import FileState, Inspected, Recording
from voicemill.store import durable

_LINES_SPARED = 1000


class RecordingNotes:
    """Notes of recordings in a results folder; a damaged line counts as absent. Open it while the folder is locked."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lines: dict[str, str] = {}
        count = self._read()
        if count > 2 * len(self._lines) + _LINES_SPARED:
            durable.write_file(path, "".join(f"{line}\n" for line in self._lines.values()).encode())

    def find(self, path: str, state: FileState) -> Inspected | None:
        """What was found of the file at `path` while it was in that state."""
        told = _parsed(self._lines.get(path, ""))
        if told is None or told["state"] != list(state):
            return None
        recording = told["recording"]
        try:
            return Inspected(recording and Recording(**recording), told["code"], told["why"])
        except TypeError:
            return None

    def keep(self, path: str, state: FileState, found: Inspected) -> None:
        """Keep what was found. Raises `StorageError`."""
        recording = found.recording and asdict(found.recording)
        told = {"path": path, "state": state, "recording": recording, "code": found.code, "why": found.why}
        line = json.dumps(told)
        self._lines[path] = line
        durable.append_lines(self._path, [line])

    def _read(self) -> int:
        count = 0
        try:
            with self._path.open(encoding="utf-8", errors="replace") as lines:
                for line in lines:
                    count += 1
                    if told := _parsed(line):
                        self._lines[told["path"]] = line.rstrip("\n")
        except FileNotFoundError:
            return 0
        return count


def _parsed(line: str) -> dict[str, Any] | None:
    try:
        told: dict[str, Any] = json.loads(line)
        return told if told.keys() == {"path", "state", "recording", "code", "why"} else None
    except (ValueError, AttributeError):
        return None
