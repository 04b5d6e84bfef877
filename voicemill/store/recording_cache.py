"""What was found of recordings, so that a rerun need not read them: a line of JSON each, of which the last holds."""

import json
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

from voicemill.model import FileState, Inspected, Recording
from voicemill.store import durable_files as durable

_LINES_SPARED = 1000
_VERSION = 2
"""The version of the inspection. A recording that an earlier version inspected is inspected again."""
_FIELDS = {"version", "path", "state", "recording", "code", "why"}


class KnownRecordings:
    """The notes of a results folder, for a verb that writes nothing there: what it finds besides stays in memory.

    A damaged line counts as absent, and so do notes that cannot be read.
    """

    def __init__(self, path: Path) -> None:
        self._lines: dict[str, str] = {}
        self._count = self._read(path)

    def find(self, path: str, state: FileState) -> Inspected | None:
        """What was found of the file at `path` while it was in that state."""
        told = _parsed(self._lines.get(path, ""))
        if told is None or told["state"] != list(state):
            return None
        recording = told["recording"]
        try:
            return Inspected(recording and Recording.from_record(recording), told["code"], told["why"])
        except TypeError:
            return None

    def keep(self, path: str, state: FileState, found: Inspected) -> None:
        """Keep what was found."""
        recording = found.recording and asdict(found.recording)
        note = {"path": path, "state": state, "recording": recording, "code": found.code, "why": found.why}
        self._lines[path] = json.dumps({"version": _VERSION, **note})

    def _read(self, path: Path) -> int:
        count = 0
        with suppress(OSError), path.open(encoding="utf-8", errors="replace") as lines:
            for line in lines:
                count += 1
                if told := _parsed(line):
                    self._lines[told["path"]] = line.rstrip("\n")
        return count


class RecordingNotes(KnownRecordings):
    """The notes of a results folder, which a run adds to. Open it while the folder is locked."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._path = path
        if self._count > 2 * len(self._lines) + _LINES_SPARED:
            durable.write_file(path, "".join(f"{line}\n" for line in self._lines.values()).encode())

    def keep(self, path: str, state: FileState, found: Inspected) -> None:
        """Keep what was found for later runs too. Raises `StorageError`."""
        super().keep(path, state, found)
        durable.append_lines(self._path, [self._lines[path]])


def _parsed(line: str) -> dict[str, Any] | None:
    try:
        told: dict[str, Any] = json.loads(line)
        return told if told.keys() == _FIELDS and told["version"] == _VERSION else None
    except (ValueError, AttributeError):
        return None
