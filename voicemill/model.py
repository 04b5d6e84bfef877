"""The nouns of a run: rows, calls, answers, outcomes. Pure types; nothing here reads or writes.

A manifest line becomes a `Row`, a row becomes one or more `Call`s, a call gets one `Answer`, and the row ends in
exactly one `Outcome`.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from functools import cached_property
from typing import Any, Literal

from voicemill.audio.formats import AudioFormat, Encoding

EMBEDDED_PREFIX = "embedded/"
"""How the names of embedded engines begin; what follows is the version that decides the bytes."""

Speed = Literal["slow", "normal", "fast"] | float


class Op(StrEnum):
    """What a row asks for."""

    TTS = "tts"
    STT = "stt"
    VOICE_CHANGE = "voice_change"
    INFILL = "infill"


class Status(StrEnum):
    """How a row ended."""

    DONE = "done"
    FAILED = "failed"
    REFUSED = "refused"
    NOT_STARTED = "not_started"


@dataclass(frozen=True, slots=True)
class Voice:
    """A voice of the service. What an API version does not tell is None; `embedding` comes where it is asked for."""

    id: str
    name: str
    language: str
    description: str = ""
    is_public: bool | None = None
    is_owner: bool | None = None
    is_starred: bool | None = None
    user_id: str | None = None
    gender: str | None = None
    accent: str | None = None
    country: str | None = None
    created_at: datetime | None = None
    preview_file_url: str | None = None
    embedding: tuple[float, ...] | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Row:
    """One checked line of a manifest.

    `number` counts data rows from 1. `file_name` is relative to the results folder, with forward slashes.
    `carried` holds the columns that are not ours, as text or as the manifest's own scalar.
    """

    number: int
    id: str
    op: Op
    transcript: str
    voice_id: str
    model: str
    language: str
    format: AudioFormat
    file_name: str
    speed: Speed | None = None
    emotion: tuple[str, ...] = ()
    carried: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Tts:
    """One question to `tts.bytes`. `service` says who is asked, so that no engine's answer stands in for another's.

    The wire format is WAV with `encoding` samples at `sample_rate_hz`; what the file will be is not part of the
    question, so a new output format costs nothing.
    """

    service: str
    model: str
    transcript: str
    voice_id: str
    language: str
    sample_rate_hz: int
    encoding: Encoding
    speed: Speed | None = None
    emotion: tuple[str, ...] = ()

    @cached_property
    def key(self) -> str:
        """SHA-256 over the whole question, as 64 hex digits: the name of its answer."""
        question = {"op": Op.TTS.value, **{name: getattr(self, name) for name in self.__dataclass_fields__}}
        return hashlib.sha256(json.dumps(question, sort_keys=True).encode()).hexdigest()

    @property
    def family(self) -> str:
        """Which calls the service counts together with this one against its limit of calls at once."""
        return "tts"

    @property
    def list_price_credits(self) -> float:
        """What Cartesia charges: about one credit a character (docs.cartesia.ai, pricing)."""
        return float(len(self.transcript))

    @property
    def credits(self) -> float:
        """What the service that is asked charges; the embedded engine is free."""
        return 0.0 if self.service.startswith(EMBEDDED_PREFIX) else self.list_price_credits


Call = Tts


@dataclass(frozen=True, slots=True)
class Receipt:
    """What is known of how an answer came about; kept with its body."""

    key: str
    paid_by: str
    asked_at: datetime
    answered_at: datetime
    latency_s: float
    attempts: int
    credits: float
    request_id: str | None
    duration_s: float


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one row ended, and what it took: the row's line in `items.parquet`."""

    id: str
    status: Status
    error_code: str | None = None
    error_message: str | None = None
    file_name: str | None = None
    sha256: str | None = None
    size_bytes: int | None = None
    duration_s: float | None = None
    sample_rate_hz: int | None = None
    characters: int = 0
    calls: int = 0
    credits: float = 0.0
    attempts: int = 0
    latency_s: float | None = None
    request_ids: tuple[str, ...] = ()
    started_at: datetime | None = None
    finished_at: datetime | None = None
    fingerprint: str | None = None
