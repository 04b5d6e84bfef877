"""User-created voices in one SQLite file."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from voicemill.engine.voices.languages import accent_of_dialect
from voicemill.engine.voices.timbre import timbre_from
from voicemill.engine.voices.voice import EngineVoice

_SCHEMA = "CREATE TABLE IF NOT EXISTS voices (id TEXT PRIMARY KEY, voice TEXT NOT NULL)"
_BUSY_S = 10.0


class UserVoices:
    """Voices that persist between engines. Every change is on disk when its call returns.

    Several engines may share the file, which the first voice creates.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def all(self) -> list[EngineVoice]:
        """Every voice, in the order of creation."""
        if not self._path.exists():
            return []
        with self._open() as database:
            return [_voice(row) for row in database.execute("SELECT voice FROM voices ORDER BY rowid")]

    def find(self, voice_id: str) -> EngineVoice | None:
        """The voice with an id, or None."""
        if not self._path.exists():
            return None
        with self._open() as database:
            row = database.execute("SELECT voice FROM voices WHERE id = ?", (voice_id,)).fetchone()
        return _voice(row) if row else None

    def save(self, voice: EngineVoice) -> None:
        """Add a voice, or replace the one with the same id."""
        self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        record = json.dumps(asdict(voice))
        with self._open() as database:
            database.execute(_SCHEMA)
            database.execute(
                "INSERT INTO voices VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET voice = excluded.voice",
                (voice.id, record),
            )

    def delete(self, voice_id: str) -> bool:
        """Remove a voice; False when it does not exist."""
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
    timbre, espeak = record.pop("timbre"), record.pop("espeak", None)
    record["given_embedding"] = tuple(record.get("given_embedding", ()))
    if "dialect" in record:  # records from before there were accents
        record["accent"] = accent_of_dialect(record["language"], record.pop("dialect"))
    return EngineVoice(timbre=timbre_from(timbre), espeak=timbre_from(espeak) if espeak else None, **record)
