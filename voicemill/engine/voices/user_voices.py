"""The users' own voices, kept in one SQLite file: cloned, mixed, created, localized."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from voicemill.engine.voices.languages import accent_of_dialect
from voicemill.engine.voices.timbre import Timbre
from voicemill.engine.voices.voice import EngineVoice

_SCHEMA = "CREATE TABLE IF NOT EXISTS voices (id TEXT PRIMARY KEY, voice TEXT NOT NULL)"
_BUSY_S = 10.0


class OwnVoices:
    """Voices that outlive the engine; every change is on disk when its call returns.

    Several engines may share the file. Nothing is created before the first voice is kept.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def all(self) -> list[EngineVoice]:
        """Every voice, in the order in which they were made."""
        if not self._path.exists():
            return []
        with self._open() as database:
            return [_voice(row) for row in database.execute("SELECT voice FROM voices ORDER BY rowid")]

    def find(self, voice_id: str) -> EngineVoice | None:
        """The voice of an id, None where there is none."""
        if not self._path.exists():
            return None
        with self._open() as database:
            row = database.execute("SELECT voice FROM voices WHERE id = ?", (voice_id,)).fetchone()
        return _voice(row) if row else None

    def keep(self, voice: EngineVoice) -> None:
        """Add a voice, or change the one of the same id."""
        self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        record = json.dumps(asdict(voice))
        with self._open() as database:
            database.execute(_SCHEMA)
            database.execute(
                "INSERT INTO voices VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET voice = excluded.voice",
                (voice.id, record),
            )

    def forget(self, voice_id: str) -> bool:
        """Remove a voice; False when there was none."""
        if not self._path.exists():
            return False
        with self._open() as database:
            return database.execute("DELETE FROM voices WHERE id = ?", (voice_id,)).rowcount > 0

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        with closing(sqlite3.connect(self._path, timeout=_BUSY_S)) as database:
            database.execute("PRAGMA synchronous = FULL")
            with database:
                yield database


def _voice(row: tuple[str]) -> EngineVoice:
    record: dict[str, Any] = json.loads(row[0])
    timbre = record.pop("timbre")
    if "dialect" in record:  # as it was kept before there were accents
        record["accent"] = accent_of_dialect(record["language"], record.pop("dialect"))
    return EngineVoice(timbre=Timbre(**{**timbre, "eq_db": tuple(timbre["eq_db"])}), **record)
