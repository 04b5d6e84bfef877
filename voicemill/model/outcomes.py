"""The outcome of a call and of a row."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from voicemill.model.transcripts import Word
from voicemill.model.verdicts import State


class Status(StrEnum):
    """How a row ended."""

    DONE = "done"
    FAILED = "failed"
    REFUSED = "refused"
    NOT_STARTED = "not_started"


@dataclass(frozen=True, slots=True)
class Receipt:
    """The record of a call, stored with its answer. `duration_s` is the length of the generated or transcribed audio.

    `words` are the words of generated speech if timestamps were requested.
    """

    key: str
    paid_by: str
    asked_at: datetime
    answered_at: datetime
    latency_s: float
    attempts: int
    credits: float
    request_id: str | None
    duration_s: float
    words: tuple[Word, ...] = ()


@dataclass(frozen=True, slots=True)
class MadeFile:
    """A file of a row besides its first, relative to the results folder."""

    file_name: str
    sha256: str
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one row ended: its line in `items.parquet`.

    `transcript` is the recognized text, or the text from another row; None without either. `words` counts the words in
    the timings table, None if none were requested. `suspect` holds the quality flags of the transcript, and
    `word_error_rate` its error rate against the reference, if there is one. `made_from` are the SHA-256s of the inputs.
    `check` and `takes` are the settings of the row, and `verdict` is the worst verdict on its passages; None if they
    were not checked.
    """

    id: str
    status: Status
    error_class: str | None = None
    error_code: str | None = None
    error_message: str | None = None
    file_name: str | None = None
    sha256: str | None = None
    size_bytes: int | None = None
    more_files: tuple[MadeFile, ...] = ()
    duration_s: float | None = None
    sample_rate_hz: int | None = None
    transcript: str | None = None
    words: int | None = None
    suspect: tuple[str, ...] = ()
    word_error_rate: float | None = None
    damaged_s: float | None = None
    made_from: tuple[str, ...] = ()
    characters: int = 0
    calls: int = 0
    credits: float = 0.0
    attempts: int = 0
    latency_s: float | None = None
    request_ids: tuple[str, ...] = ()
    started_at: datetime | None = None
    finished_at: datetime | None = None
    fingerprint: str | None = None
    check: str | None = None
    takes: int | None = None
    verdict: State | None = None
