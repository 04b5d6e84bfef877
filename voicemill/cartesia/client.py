"""The Cartesia HTTP API under Python names: `cartesia.tts.bytes`, `cartesia.voices.list`, `cartesia.api_status.get`."""

from dataclasses import dataclass

from voicemill.cartesia.access_tokens import Auth
from voicemill.cartesia.infill import Infill
from voicemill.cartesia.response_model import ResponseModel, checked
from voicemill.cartesia.stt import SpeechToText
from voicemill.cartesia.transport import Transport
from voicemill.cartesia.tts import TextToSpeech
from voicemill.cartesia.voice_changer import VoiceChanger
from voicemill.cartesia.voices import Voices


class ApiInfo(ResponseModel):
    """The answer of `GET /`."""

    ok: bool
    version: str


class ApiStatus:
    """`apiStatus` of the reference."""

    def __init__(self, wire: Transport) -> None:
        self._wire = wire

    async def get(self) -> ApiInfo:
        """Whether the service is up, and its API version."""
        return checked(ApiInfo, (await self._wire.ask("GET", "")).json())


@dataclass(frozen=True, slots=True)
class CartesiaClient:
    """The methods of the API over one transport; `voicemill.Cartesia` is the public client."""

    api_status: ApiStatus
    auth: Auth
    tts: TextToSpeech
    stt: SpeechToText
    voice_changer: VoiceChanger
    infill: Infill
    voices: Voices

    @classmethod
    def over(cls, wire: Transport) -> "CartesiaClient":
        """The API, spoken over `wire`."""
        return cls(
            api_status=ApiStatus(wire),
            auth=Auth(wire),
            tts=TextToSpeech(wire),
            stt=SpeechToText(wire),
            voice_changer=VoiceChanger(wire),
            infill=Infill(wire),
            voices=Voices(wire),
        )
