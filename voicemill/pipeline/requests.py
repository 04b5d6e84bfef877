"""Send calls to the service, one function for each operation, and verify that the response is what was requested."""

from contextlib import aclosing
from dataclasses import dataclass
from typing import Literal

import numpy as np

from voicemill.audio.answer_checks import verify_change, verify_speech, verify_words
from voicemill.audio.encode import encode
from voicemill.cartesia.client import CartesiaClient
from voicemill.cartesia.stream_events import Chunk, Done, WordTimestamps
from voicemill.errors import Incomplete
from voicemill.model import Call, Infill, Stt, Tts, VoiceChange, Word
from voicemill.model.audio_formats import BYTES_PER_SAMPLE, AudioFormat
from voicemill.pipeline.audio_uploads import conversion_upload, recognition_upload, wav_upload


@dataclass(frozen=True, slots=True)
class VerifiedAnswer:
    """A verified response: its body as it is stored, the duration of its audio in seconds, and its metadata."""

    body: bytes
    duration_s: float
    request_id: str | None
    words: tuple[Word, ...] = ()


async def send_call(call: Call, cartesia: CartesiaClient, deadline_s: float) -> VerifiedAnswer:
    """Make one attempt at `call`, for at most `deadline_s` plus the duration of its audio. Raises `CallError`."""
    if isinstance(call, Tts):
        return await (_timed_tts(call, cartesia, deadline_s) if call.timestamps else _tts(call, cartesia))
    if isinstance(call, Stt):
        return await _stt(call, cartesia, deadline_s)
    if isinstance(call, VoiceChange):
        return await _voice_change(call, cartesia, deadline_s)
    return await _infill(call, cartesia, deadline_s)


async def _tts(call: Tts, cartesia: CartesiaClient) -> VerifiedAnswer:
    reply = await cartesia.tts.bytes(
        model_id=call.model,
        transcript=call.transcript,
        voice_id=call.voice_id,
        language=call.language,
        output_format=AudioFormat("wav", call.sample_rate_hz, call.encoding),
        speed=call.speed,
        emotion=call.emotion,
        take=call.take,
    )
    return VerifiedAnswer(reply.body, verify_speech(reply.body, call, framed=reply.framed), reply.request_id)


async def _timed_tts(call: Tts, cartesia: CartesiaClient, deadline_s: float) -> VerifiedAnswer:
    """Speech with word timestamps, which only the event stream has; stored as the WAV that `tts.bytes` would return."""
    samples = bytearray()
    words: list[Word] = []
    context_id: str | None = None
    stream = cartesia.tts.sse(
        model_id=call.model,
        transcript=call.transcript,
        voice_id=call.voice_id,
        language=call.language,
        output_format=AudioFormat("raw", call.sample_rate_hz, call.encoding),
        speed=call.speed,
        emotion=call.emotion,
        word_timestamps=True,
        take=call.take,
        deadline_s=deadline_s,
    )
    async with aclosing(stream) as events:
        async for event in events:
            if isinstance(event, Chunk):
                samples += event.audio
            elif isinstance(event, WordTimestamps):
                words += event.words
            elif isinstance(event, Done):
                context_id = event.context_id
    body = _as_wav(bytes(samples), call)
    duration_s = verify_speech(body, call, framed=True)
    return VerifiedAnswer(body, duration_s, context_id, verify_words(words, duration_s))


def _as_wav(samples: bytes, call: Tts) -> bytes:
    if len(samples) % BYTES_PER_SAMPLE[call.encoding]:
        raise Incomplete("the stream ended in the middle of a sample", billed="unknown")
    wav = AudioFormat("wav", call.sample_rate_hz, call.encoding)
    if call.encoding == "pcm_f32le":
        return encode(np.frombuffer(samples, np.float32), call.sample_rate_hz, wav)
    return encode(np.frombuffer(samples, np.int16), call.sample_rate_hz, wav)


async def _stt(call: Stt, cartesia: CartesiaClient, deadline_s: float) -> VerifiedAnswer:
    async with recognition_upload(call.clip) as upload:
        found = await cartesia.stt.transcribe(
            upload,
            model=call.model,
            language=call.language,
            word_timestamps=True,
            deadline_s=deadline_s + call.clip.duration_s,
        )
    reply = found.reply
    assert reply is not None  # only a stored answer has none
    return VerifiedAnswer(reply.body, found.duration_s or call.clip.duration_s, reply.request_id)


async def _voice_change(call: VoiceChange, cartesia: CartesiaClient, deadline_s: float) -> VerifiedAnswer:
    async with conversion_upload(call.clip, call.sample_rate_hz) as upload:
        reply = await cartesia.voice_changer.bytes(
            upload,
            voice_id=call.voice_id,
            output_format=AudioFormat("wav", call.sample_rate_hz, call.encoding),
            take=call.take,
            deadline_s=deadline_s + call.clip.duration_s,
        )
    return VerifiedAnswer(reply.body, verify_change(reply.body, call, framed=reply.framed), reply.request_id)


async def _infill(call: Infill, cartesia: CartesiaClient, deadline_s: float) -> VerifiedAnswer:
    rate_hz = call.sample_rate_hz
    async with wav_upload(call.left, rate_hz) as left, wav_upload(call.right, rate_hz) as right:
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
            take=call.take,
            deadline_s=deadline_s,
        )
    return VerifiedAnswer(reply.body, verify_speech(reply.body, call, framed=reply.framed), reply.request_id)


def _word_speed(call: Infill) -> Literal["slow", "normal", "fast"] | None:
    """Infill takes no speed factors; the manifest check refuses them."""
    return call.speed if isinstance(call.speed, str) else None
