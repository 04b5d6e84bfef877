"""The cache of inspected recordings: a JSON line for each file. The last line for a path counts."""

import json
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

from voicemill.model import FileState, Inspected, Recording
from voicemill.store import durable_files as durable

_MIN_STALE_LINES = 1000
_VERSION = 2
"""The version of the inspection. A recording that an earlier version inspected is inspected again."""
_FIELDS = {"version", "path", "state", "recording", "code", "why"}


class ReadOnlyRecordingCache:
    """The cache for a command that does not write to the results folder: new entries stay in memory.

    Damaged lines and unreadable files are ignored.
    """

    def __init__(self, path: Path) -> None:
        self._lines: dict[str, str] = {}
        self._count = self._read(path)

    def find(self, path: str, state: FileState) -> Inspected | None:
        """The result for the file at `path`, if it is still in that state."""
        entry = _parsed(self._lines.get(path, ""))
        if entry is None or entry["state"] != list(state):
            return None
        recording = entry["recording"]
        try:
            return Inspected(recording and Recording.from_record(recording), entry["code"], entry["why"])
        except TypeError:
            return None

    def keep(self, path: str, state: FileState, found: Inspected) -> None:
        """Store a result."""
        recording = found.recording and asdict(found.recording)
        note = {"path": path, "state": state, "recording": recording, "code": found.code, "why": found.why}
        self._lines[path] = json.dumps({"version": _VERSION, **note})

    def _read(self, path: Path) -> int:
        count = 0
        with suppress(OSError), path.open(encoding="utf-8", errors="replace") as lines:
            for line in lines:
                count += 1
                if entry := _parsed(line):
                    self._lines[entry["path"]] = line.rstrip("\n")
        return count


class RecordingCache(ReadOnlyRecordingCache):
    """The cache of a run, which appends to the file. Open it while the folder is locked."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._path = path
        if self._count > 2 * len(self._lines) + _MIN_STALE_LINES:
            durable.write_file(path, "".join(f"{line}\n" for line in self._lines.values()).encode())

    def keep(self, path: str, state: FileState, found: Inspected) -> None:
        """Store a result for later runs too. Raises `StorageError`."""
        super().keep(path, state, found)
        durable.append_lines(self._path, [self._lines[path]])


def _parsed(line: str) -> dict[str, Any] | None:
    try:
        entry: dict[str, Any] = json.loads(line)
        return entry if entry.keys() == _FIELDS and entry["version"] == _VERSION else None
    except (ValueError, AttributeError):
        return None
