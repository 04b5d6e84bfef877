"""The Cartesia API under Python names: `cartesia.tts.bytes`, `cartesia.voices.list`, `cartesia.api_status.get`.

Source: the reference of cartesia-js 2.2.9 and docs.cartesia.ai. One attempt a method: retries are the caller's.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import TypeVar
from urllib.parse import quote

from pydantic import BaseModel, ConfigDict, ValidationError

from voicemill.api.wire import Reply, Wire
from voicemill.audio.formats import AudioFormat
from voicemill.errors import BadAnswer
from voicemill.model import Speed, Voice

_LONGEST_PAGE = 100
Model = TypeVar("Model", bound=BaseModel)


class ApiInfo(BaseModel):
    """The answer of `GET /`."""

    ok: bool
    version: str


class _VoiceOnTheWire(BaseModel):
    model_config = ConfigDict(extra="ignore")

    id: str
    name: str
    language: str = ""
    description: str = ""

    def voice(self) -> Voice:
        return Voice(id=self.id, name=self.name, language=self.language, description=self.description)


class _VoicePage(BaseModel):
    model_config = ConfigDict(extra="ignore")

    data: list[_VoiceOnTheWire]
    has_more: bool = False
    next_page: str | None = None


@dataclass(frozen=True, slots=True)
class Cartesia:
    """One service, by the families of its methods."""

    api_status: "ApiStatus"
    tts: "TextToSpeech"
    voices: "Voices"

    @classmethod
    def over(cls, wire: Wire) -> "Cartesia":
        """The API, spoken over `wire`."""
        return cls(api_status=ApiStatus(wire), tts=TextToSpeech(wire), voices=Voices(wire))


class ApiStatus:
    """`apiStatus` of the reference."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    async def get(self) -> ApiInfo:
        """Whether the service is up, and its API version."""
        reply = await self._wire.get("")
        return _checked(ApiInfo, reply)


class TextToSpeech:
    """`tts` of the reference."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    async def bytes(
        self,
        *,
        model_id: str,
        transcript: str,
        voice_id: str,
        output_format: AudioFormat,
        language: str | None = None,
        speed: Speed | None = None,
        emotion: tuple[str, ...] = (),
    ) -> Reply:
        """Speech for `transcript`; the reply's body is audio in `output_format`, not yet probed.

        `speed` is a word, or a factor of 0.6 to 1.5 for sonic-3. `emotion` is one word for sonic-3, and for older
        models a list such as `positivity:high`.
        """
        question: dict[str, object] = {
            "model_id": model_id,
            "transcript": transcript,
            "voice": {"mode": "id", "id": voice_id},
            "output_format": _output_format(output_format),
        }
        if language:
            question["language"] = language
        _add_delivery(question, model_id, speed, emotion)
        return await self._wire.post_json("tts/bytes", question)


def takes_generation_config(model_id: str) -> bool:
    """Whether speed factors and emotions go in `generation_config` (sonic-3 and later) for this model."""
    return model_id.startswith(("sonic-3", "sonic-latest"))


def _add_delivery(question: dict[str, object], model_id: str, speed: Speed | None, emotion: tuple[str, ...]) -> None:
    generation: dict[str, object] = {}
    if isinstance(speed, str):
        question["speed"] = speed
    elif speed is not None:
        generation["speed"] = speed
    if emotion and takes_generation_config(model_id):
        generation["emotion"] = emotion[0]
    elif emotion:
        voice = question["voice"]
        assert isinstance(voice, dict)
        voice["__experimental_controls"] = {"emotion": list(emotion)}
    if generation:
        question["generation_config"] = generation


def _output_format(audio_format: AudioFormat) -> dict[str, object]:
    wanted: dict[str, object] = {"container": audio_format.container, "sample_rate": audio_format.sample_rate_hz}
    if audio_format.encoding:
        wanted["encoding"] = audio_format.encoding
    if audio_format.bit_rate_bps:
        wanted["bit_rate"] = audio_format.bit_rate_bps
    return wanted


class Voices:
    """`voices` of the reference."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    async def list(self) -> AsyncIterator[Voice]:
        """Every voice of the account, over all pages; both the plain array of 2024-06-10 and pages are read."""
        query = {"limit": str(_LONGEST_PAGE)}
        seen: set[str] = set()
        while True:
            reply = await self._wire.get("voices/", query)
            content = reply.json()
            page = _page(content)
            for voice in page.data:
                yield voice.voice()
            next_page = page.next_page or (page.data[-1].id if page.data else None)
            if not page.has_more or next_page is None or next_page in seen:
                return
            seen.add(next_page)
            query["starting_after"] = next_page

    async def get(self, voice_id: str) -> Voice:
        """One voice. Raises `Refused` (404) for an id that the service does not know."""
        reply = await self._wire.get(f"voices/{quote(voice_id, safe='')}")
        return _checked(_VoiceOnTheWire, reply).voice()


def _page(content: object) -> _VoicePage:
    try:
        return _VoicePage.model_validate({"data": content} if isinstance(content, list) else content)
    except ValidationError as error:
        raise BadAnswer(f"the list of voices has another shape than documented: {error.error_count()} faults") from None


def _checked(shape: type[Model], reply: Reply) -> Model:
    try:
        return shape.model_validate(reply.json())
    except ValidationError as error:
        fault = error.errors()[0]
        field = ".".join(map(str, fault["loc"]))
        raise BadAnswer(f"the answer has another shape than documented: {field} {fault['msg']}") from None
