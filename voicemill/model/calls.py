"""Calls: the API requests that are billed, one type for each method that the pipeline uses.

`service` is part of a call, so the answers of two services are never exchanged. What is made of an answer afterwards
(container, bit rate, file name, pauses) is not, so a new output format needs no new call.
`take` counts repetitions of a call whose answer was bad: it is part of the key and not of the request body.
Prices: docs.cartesia.ai and the reference of cartesia-js 2.2.9; how parts of seconds are rounded is not published.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, Final, Literal, get_args

from voicemill.model.audio_formats import Encoding
from voicemill.model.recordings import Clip
from voicemill.model.rows import Op
from voicemill.model.service_tags import without_tags
from voicemill.model.spoken import Speed

EMBEDDED_PREFIX = "embedded/"
"""The start of the names of embedded engines; the version that decides their output follows."""

Family = Literal["tts", "stt"]
"""Calls that share one concurrency limit of the service."""
FAMILIES: Final[tuple[Family, ...]] = get_args(Family)

_AS_JSON = json.JSONEncoder(sort_keys=True)
"""Made once: `json.dumps` makes one for each call."""

_STT_CREDITS_PER_S = 0.5
_VOICE_CHANGE_CREDITS_PER_S = 15.0
_INFILL_CREDITS = 300.0


@dataclass(frozen=True)
class _Call:
    """What all calls have in common: a key, a price, and the family that they count with."""

    op: ClassVar[Op]
    family: ClassVar[Family] = "tts"
    added: ClassVar[Mapping[str, object]] = {}
    """Fields that later versions added, with their earlier value: calls with that value keep their keys."""

    service: str

    @cached_property
    def key(self) -> str:
        """SHA-256 of the whole call, as 64 hex digits: the name of its answer."""
        fields: dict[str, object] = {name: getattr(self, name) for name in self.__match_args__}
        fields = {name: value for name, value in fields.items() if name not in self.added or value != self.added[name]}
        call = {"op": self.op.value, **{name: _plain(value) for name, value in fields.items()}}
        return hashlib.sha256(_AS_JSON.encode(call).encode()).hexdigest()

    @property
    def list_price_credits(self) -> float:
        """Cartesia's price."""
        raise NotImplementedError

    @property
    def characters(self) -> int:
        """How many characters of text are sent."""
        return 0

    @property
    def credits(self) -> float:
        """The price at the service; the embedded engine is free."""
        return 0.0 if self.service.startswith(EMBEDDED_PREFIX) else self.list_price_credits


def _plain(value: object) -> Any:  # noqa: ANN401 - whatever JSON takes
    return value.identity if isinstance(value, Clip) else value


@dataclass(frozen=True)
class Tts(_Call):
    """A call of `tts.bytes`, for WAV with `encoding` samples at `sample_rate_hz`.

    With `timestamps` it is a call of `tts.sse`, which also returns word timestamps; its audio is stored as WAV, too.
    """

    op: ClassVar[Op] = Op.TTS
    added: ClassVar[Mapping[str, object]] = {"timestamps": False, "take": 0}

    model: str
    transcript: str
    voice_id: str
    language: str
    sample_rate_hz: int
    encoding: Encoding
    speed: Speed | None = None
    emotion: tuple[str, ...] = ()
    timestamps: bool = False
    take: int = 0

    @property
    def list_price_credits(self) -> float:
        """About one credit a character."""
        return float(self.characters)

    @property
    def characters(self) -> int:
        """How many characters of text are sent, without the service's tags."""
        return len(without_tags(self.transcript))


@dataclass(frozen=True)
class Stt(_Call):
    """A call of `stt.transcribe`: the words of `clip` and their timestamps."""

    op: ClassVar[Op] = Op.STT
    family: ClassVar[Family] = "stt"

    model: str
    language: str
    clip: Clip

    @property
    def list_price_credits(self) -> float:
        """One credit for two seconds of audio."""
        return self.clip.duration_s * _STT_CREDITS_PER_S


@dataclass(frozen=True)
class VoiceChange(_Call):
    """A call of `voiceChanger.bytes`: `clip` in another voice, as WAV."""

    op: ClassVar[Op] = Op.VOICE_CHANGE
    added: ClassVar[Mapping[str, object]] = {"take": 0}

    voice_id: str
    clip: Clip
    sample_rate_hz: int
    encoding: Encoding
    take: int = 0

    @property
    def list_price_credits(self) -> float:
        """Fifteen credits for a second of audio."""
        return self.clip.duration_s * _VOICE_CHANGE_CREDITS_PER_S


@dataclass(frozen=True)
class Infill(_Call):
    """A call of `infill.bytes`: `transcript` spoken to fit between `left` and `right`, as WAV."""

    op: ClassVar[Op] = Op.INFILL
    added: ClassVar[Mapping[str, object]] = {"take": 0}

    model: str
    transcript: str
    voice_id: str
    language: str
    left: Clip | None
    right: Clip | None
    sample_rate_hz: int
    encoding: Encoding
    speed: Speed | None = None
    emotion: tuple[str, ...] = ()
    take: int = 0

    @property
    def list_price_credits(self) -> float:
        """Three hundred credits, and one for each character."""
        return _INFILL_CREDITS + self.characters

    @property
    def characters(self) -> int:
        """How many characters of text are sent, without the service's tags."""
        return len(without_tags(self.transcript))


Call = Tts | Stt | VoiceChange | Infill
