"""Asking the service, one way for each kind of call, and proving that the answer is what was asked for."""

from dataclasses import dataclass
from typing import Literal

from voicemill.api.client import Cartesia
from voicemill.audio.formats import AudioFormat
from voicemill.audio.verify import verify_change, verify_speech
from voicemill.model import Call, Infill, Stt, Tts, VoiceChange, Word
from voicemill.work.clips import opened, opened_if_any


@dataclass(frozen=True, slots=True)
class Verified:
    """A good answer: its body as it is kept, the length in seconds of the audio in it or of it, and what came along."""

    body: bytes
    duration_s: float
    request_id: str | None
    words: tuple[Word, ...] = ()


async def ask(call: Call, cartesia: Cartesia, deadline_s: float) -> Verified:
    """One attempt at `call`, for at most `deadline_s` and the time its audio lasts. Raises `CallError`."""
    if isinstance(call, Tts):
        return await _tts(call, cartesia)
    if isinstance(call, Stt):
        return await _stt(call, cartesia, deadline_s)
    if isinstance(call, VoiceChange):
        return await _voice_change(call, cartesia, deadline_s)
    return await _infill(call, cartesia, deadline_s)


async def _tts(call: Tts, cartesia: Cartesia) -> Verified:
    reply = await cartesia.tts.bytes(
        model_id=call.model,
        transcript=call.transcript,
        voice_id=call.voice_id,
        language=call.language,
        output_format=AudioFormat("wav", call.sample_rate_hz, call.encoding),
        speed=call.speed,
        emotion=call.emotion,
    )
    return Verified(reply.body, verify_speech(reply.body, call, framed=reply.framed), reply.request_id)


async def _stt(call: Stt, cartesia: Cartesia, deadline_s: float) -> Verified:
    with opened(call.clip) as upload:
        found = await cartesia.stt.transcribe(
            upload,
            model=call.model,
            language=call.language,
            word_timestamps=True,
            deadline_s=deadline_s + call.clip.duration_s,
        )
    reply = found.reply
    assert reply is not None  # only an answer that is read again has none
    return Verified(reply.body, found.duration_s or call.clip.duration_s, reply.request_id)


async def _voice_change(call: VoiceChange, cartesia: Cartesia, deadline_s: float) -> Verified:
    with opened(call.clip) as upload:
        reply = await cartesia.voice_changer.bytes(
            upload,
            voice_id=call.voice_id,
            output_format=AudioFormat("wav", call.sample_rate_hz, call.encoding),
            deadline_s=deadline_s + call.clip.duration_s,
        )
    return Verified(reply.body, verify_change(reply.body, call, framed=reply.framed), reply.request_id)


async def _infill(call: Infill, cartesia: Cartesia, deadline_s: float) -> Verified:
    with opened_if_any(call.left) as left, opened_if_any(call.right) as right:
        reply = await cartesia.infill.bytes(
            left_audio=left,
            right_audio=right,
            model_id=call.model,
            language=call.language,
            transcript=call.transcript,
            voice_id=call.voice_id,
            output_format=AudioFormat("wav", call.sample_rate_hz, call.encoding),
            speed=_word_speed(call),
            emotion=call.emotion,
            deadline_s=deadline_s,
        )
    return Verified(reply.body, verify_speech(reply.body, call, framed=reply.framed), reply.request_id)


def _word_speed(call: Infill) -> Literal["slow", "normal", "fast"] | None:
    """Infill takes no factors; a manifest that has one is refused before."""
    return call.speed if isinstance(call.speed, str) else None
