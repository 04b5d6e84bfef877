"""Calls: the billed API requests, with one type per API method.

`service` is part of a call, so an answer of one service is never used for another. Settings that apply after the call
(container, bit rate, file name, pauses) are not, so a new output format needs no new call.
`take` counts repetitions of a call whose answer was bad: it is part of the key, but not of the request body.
Prices are those of docs.cartesia.ai and the reference of cartesia-js 2.2.9. Cartesia does not publish how it rounds
fractions of a second.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, Final, Literal, get_args

from voicemill.model.audio_formats import Encoding
from voicemill.model.operations import Op
from voicemill.model.recordings import Clip
from voicemill.model.service_tags import without_tags
from voicemill.model.spoken import Speed

EMBEDDED_PREFIX = "embedded/"
"""The prefix of the service names of embedded engines; the version of the engine follows."""

Family = Literal["tts", "stt"]
"""A group of calls that share one concurrency limit of the service."""
FAMILIES: Final[tuple[Family, ...]] = get_args(Family)

_AS_JSON = json.JSONEncoder(sort_keys=True)
"""Shared, because `json.dumps` would create an encoder for each call."""

STT_CREDITS_PER_S = 0.5
_VOICE_CHANGE_CREDITS_PER_S = 15.0
_INFILL_CREDITS = 300.0


@dataclass(frozen=True)
class _Call:
    """The base of all calls: the key, the price, and the family."""

    op: ClassVar[Op]
    family: ClassVar[Family] = "tts"
    added: ClassVar[Mapping[str, object]] = {}
    """Fields that later versions added, with their earlier value: calls with that value keep their keys."""

    service: str

    @cached_property
    def key(self) -> str:
        """The SHA-256 of the call as 64 hex digits, which names its stored answer."""
        fields: dict[str, object] = {name: getattr(self, name) for name in self.__match_args__}
        fields = {name: value for name, value in fields.items() if name not in self.added or value != self.added[name]}
        call = {"op": self.op.value, **{name: _plain(value) for name, value in fields.items()}}
        return hashlib.sha256(_AS_JSON.encode(call).encode()).hexdigest()

    @property
    def list_price_credits(self) -> float:
        """Cartesia's price in credits."""
        raise NotImplementedError

    @property
    def characters(self) -> int:
        """The number of characters of text to send."""
        return 0

    @property
    def credits(self) -> float:
        """The price in credits at the call's service; the embedded engine is free."""
        return 0.0 if self.service.startswith(EMBEDDED_PREFIX) else self.list_price_credits


def _plain(value: object) -> Any:  # noqa: ANN401 - whatever JSON takes
    return value.identity if isinstance(value, Clip) else value


@dataclass(frozen=True)
class Tts(_Call):
    """A call of `tts.bytes` for a WAV file with `encoding` samples at `sample_rate_hz`.

    With `timestamps` it is a call of `tts.sse`, which also returns word timestamps. Its audio is stored as WAV as well.
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
        """About one credit per character."""
        return float(self.characters)

    @property
    def characters(self) -> int:
        """The number of characters of text to send, without the service's tags."""
        return len(without_tags(self.transcript))


@dataclass(frozen=True)
class Stt(_Call):
    """A call of `stt.transcribe`, which returns the words of `clip` with timestamps."""

    op: ClassVar[Op] = Op.STT
    family: ClassVar[Family] = "stt"

    model: str
    language: str
    clip: Clip

    @property
    def list_price_credits(self) -> float:
        """One credit per two seconds of audio."""
        return self.clip.duration_s * STT_CREDITS_PER_S


@dataclass(frozen=True)
class VoiceChange(_Call):
    """A call of `voiceChanger.bytes`, which returns `clip` in another voice as WAV."""

    op: ClassVar[Op] = Op.VOICE_CHANGE
    added: ClassVar[Mapping[str, object]] = {"take": 0}

    voice_id: str
    clip: Clip
    sample_rate_hz: int
    encoding: Encoding
    take: int = 0

    @property
    def list_price_credits(self) -> float:
        """Fifteen credits per second of audio."""
        return self.clip.duration_s * _VOICE_CHANGE_CREDITS_PER_S


@dataclass(frozen=True)
class Infill(_Call):
    """A call of `infill.bytes`, which speaks `transcript` so that it fits between `left` and `right`, as WAV."""

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
        """300 credits plus one per character."""
        return _INFILL_CREDITS + self.characters

    @property
    def characters(self) -> int:
        """The number of characters of text to send, without the service's tags."""
        return len(without_tags(self.transcript))


Call = Tts | Stt | VoiceChange | Infill
