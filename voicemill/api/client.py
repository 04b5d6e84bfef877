"""The Cartesia API under Python names: `cartesia.tts.bytes`, `cartesia.voices.list`, `cartesia.api_status.get`.

Source: the reference of cartesia-js 2.2.9 and docs.cartesia.ai. One attempt a method: retries are the caller's.
"""

from dataclasses import dataclass

from voicemill.api.auth import Auth
from voicemill.api.infill import Infill
from voicemill.api.status import ApiStatus
from voicemill.api.stt import SpeechToText
from voicemill.api.tts import TextToSpeech
from voicemill.api.voice_changer import VoiceChanger
from voicemill.api.voices import Voices
from voicemill.api.wire import Wire


@dataclass(frozen=True, slots=True)
class Cartesia:
    """One service, by the families of its methods."""

    api_status: ApiStatus
    auth: Auth
    tts: TextToSpeech
    stt: SpeechToText
    voice_changer: VoiceChanger
    infill: Infill
    voices: Voices

    @classmethod
    def over(cls, wire: Wire) -> "Cartesia":
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
