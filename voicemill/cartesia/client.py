"""The methods of the Cartesia HTTP API: `cartesia.tts.bytes`, `cartesia.voices.list`, `cartesia.api_status.get`."""

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
    """The response of `GET /`."""

    ok: bool
    version: str


class ApiStatus:
    """The status of the API."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    async def get(self) -> ApiInfo:
        """Whether the service is available, and its API version. Raises `CallError`."""
        return checked(ApiInfo, (await self._transport.send("GET", "")).json())


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
    def over(cls, transport: Transport) -> "CartesiaClient":
        """The methods, using `transport`."""
        return cls(
            api_status=ApiStatus(transport),
            auth=Auth(transport),
            tts=TextToSpeech(transport),
            stt=SpeechToText(transport),
            voice_changer=VoiceChanger(transport),
            infill=Infill(transport),
            voices=Voices(transport),
        )
