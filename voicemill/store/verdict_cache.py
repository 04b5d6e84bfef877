"""A cache of verdicts: a JSON line for each checked answer. A verdict can always be computed again."""

import json
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

from voicemill.model import Finding, State, Verdict
from voicemill.store import durable_files as durable


class VerdictCache:
    """Verdicts by the hash of their inputs. A line that was truncated by a crash is ignored."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._verdicts: dict[str, Verdict] = {}
        with suppress(OSError), path.open(encoding="utf-8", errors="replace") as lines:
            for line in lines:
                self._read(line)

    def find(self, key: str) -> Verdict | None:
        """The verdict with this key, None if there is none."""
        return self._verdicts.get(key)

    def keep(self, key: str, verdict: Verdict) -> None:
        """Store a verdict for later runs. Raises `StorageError`."""
        self._verdicts[key] = verdict
        durable.append_lines(self._path, [json.dumps({"key": key, **asdict(verdict)})])

    def _read(self, line: str) -> None:
        with suppress(ValueError, TypeError, KeyError, AttributeError):
            entry: dict[str, Any] = json.loads(line)
            findings = tuple(Finding(**finding) for finding in entry["findings"])
            self._verdicts[entry["key"]] = Verdict(State(entry["state"]), findings, entry["score"])
