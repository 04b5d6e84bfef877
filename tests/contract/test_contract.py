"""The behaviour that the pipeline relies on from every service: calls, audio and errors."""

import asyncio
from typing import Any

import pytest

from tests.contract.services import Service
from voicemill.audio.answer_checks import verify_speech
from voicemill.audio.wav_header import probe_wav
from voicemill.cartesia.client import CartesiaClient
from voicemill.cartesia.transport import Reply
from voicemill.errors import AuthRefused, CallError, Refused, Throttled
from voicemill.model import Tts, Voice
from voicemill.model.audio_formats import AudioFormat, Encoding

SENTENCE = "The rainbow is a division of white light into many beautiful colors."
WAV = AudioFormat("wav", 24000, "pcm_s16le")
UNKNOWN = "00000000-0000-4000-8000-000000000000"
VERSIONS = ["2024-06-10", "2024-11-13", "2025-04-16", "2025-11-04", "2026-03-01", "2026-08-14"]


async def voices_of(cartesia: CartesiaClient) -> list[Voice]:
    """All voices."""
    return [voice async for voice in cartesia.voices.list()]


async def speak(cartesia: CartesiaClient, transcript: str = SENTENCE, **fields: Any) -> Reply:
    """The answer to a minimal TTS call with `fields` changed."""
    plainest: dict[str, Any] = {"model_id": "sonic-2", "output_format": WAV, "language": "en"}
    voice_id = fields.pop("voice_id", None) or (await voices_of(cartesia))[0].id
    return await cartesia.tts.bytes(transcript=transcript, voice_id=voice_id, **plainest | fields)


async def refusal(cartesia: CartesiaClient, **fields: Any) -> CallError:
    """The error that a TTS call raises."""
    with pytest.raises(CallError) as caught:
        await speak(cartesia, **fields)
    return caught.value


@pytest.mark.parametrize("version", VERSIONS)
async def test_status_and_voices_in_every_version(service: Service, version: str) -> None:
    """In every API version the service reports its status and lists each voice once, with name and language."""
    async with service.client(api_version=version) as cartesia:
        info = await cartesia.api_status.get()
        voices = await voices_of(cartesia)
    assert info.ok
    assert info.version
    assert len({voice.id for voice in voices}) == len(voices) > 10
    assert all(voice.name and voice.language for voice in voices)


async def test_voice_by_id_equals_the_listed_voice(service: Service) -> None:
    """A voice requested by its id equals the one in the list."""
    async with service.client() as cartesia:
        voices = await voices_of(cartesia)
        for voice in (voices[0], voices[-1]):
            assert await cartesia.voices.get(voice.id) == voice


@pytest.mark.parametrize("rate_hz", [8000, 24000, 44100])
@pytest.mark.parametrize("encoding", ["pcm_s16le", "pcm_f32le"])
async def test_speech_passes_every_check(service: Service, rate_hz: int, encoding: Encoding) -> None:
    """In each format that the pipeline requests, the audio is complete, not silent, and of plausible duration."""
    async with service.client() as cartesia:
        voice_id = (await voices_of(cartesia))[0].id
        reply = await speak(cartesia, voice_id=voice_id, output_format=AudioFormat("wav", rate_hz, encoding))
    call = Tts("any", "sonic-2", SENTENCE, voice_id, "en", rate_hz, encoding)
    assert 2 < verify_speech(reply.body, call, framed=reply.framed) < 10
    assert probe_wav(reply.body).sized
    assert reply.status == 200
    assert reply.request_id


@pytest.mark.parametrize(
    ("wanted", "begins"),
    [
        (AudioFormat("mp3", 44100, bit_rate_bps=128000), b"\xff"),
        (AudioFormat("wav", 8000, "pcm_mulaw"), b"RIFF"),
        (AudioFormat("wav", 8000, "pcm_alaw"), b"RIFF"),
        (AudioFormat("raw", 16000, "pcm_s16le"), b""),
    ],
    ids=str,
)
async def test_other_containers_are_supported(service: Service, wanted: AudioFormat, begins: bytes) -> None:
    """Each response has the requested container."""
    async with service.client() as cartesia:
        body = (await speak(cartesia, output_format=wanted)).body
    assert body.startswith(begins)
    assert len(body) > 5000


@pytest.mark.parametrize(
    "fields",
    [{"speed": "slow"}, {"speed": "fast"}, {"model_id": "sonic-3", "speed": 0.7},
     {"model_id": "sonic-3", "emotion": ("anger",)}, {"emotion": ("positivity:high", "curiosity")}],
    ids=str,
)  # fmt: skip
async def test_prosody_changes_the_audio(service: Service, fields: dict[str, Any]) -> None:
    """Speed and emotion, in the fields of each model generation, change the audio."""
    async with service.client() as cartesia:
        plain, changed = await speak(cartesia), await speak(cartesia, **fields)
    assert plain.body != changed.body


async def test_same_request_has_the_same_answer(services: dict[str, Service]) -> None:
    """Equal requests have identical answers from both services, so that a stored answer can replace a call."""
    bodies = []
    for service in services.values():
        async with service.client() as cartesia:
            bodies += [(await speak(cartesia, "Once.")).body, (await speak(cartesia, "Once.")).body]
            assert (await speak(cartesia, "Twice.")).body not in bodies
    assert len(bodies) == 4
    assert len(set(bodies)) == 1


@pytest.mark.parametrize("version", VERSIONS)
async def test_refusals_have_a_reason_in_every_version(service: Service, version: str) -> None:
    """A refusal, in plain text or JSON, has a readable reason and a request id, and is not billed."""
    async with service.client(api_version=version) as cartesia:
        error = await refusal(cartesia, voice_id=UNKNOWN)
        with pytest.raises(Refused) as missing:
            await cartesia.voices.get(UNKNOWN)
    for refused, status in ((error, 400), (missing.value, 404)):
        assert type(refused) is Refused
        assert refused.status == status
        assert UNKNOWN in str(refused)
        assert refused.request_id
        assert refused.billed == "no"
    assert error.code == ("voice_not_found" if version >= "2026-03-01" else "refused")


@pytest.mark.parametrize(
    "fields",
    [{"transcript": ""}, {"transcript": "... !?"}, {"model_id": "gpt-9"}, {"language": "tlh"},
     {"model_id": "sonic-3", "emotion": ("hangry",)}, {"transcript": "word " * 50_000}],
    ids=lambda fields: str(fields)[:40],
)  # fmt: skip
async def test_invalid_request_is_refused(service: Service, fields: dict[str, Any]) -> None:
    """An invalid request is permanently refused, with a one-line reason."""
    async with service.client() as cartesia:
        error = await refusal(cartesia, **fields)
    assert isinstance(error, Refused)
    assert str(error).isprintable()
    assert len(str(error)) < 500


async def test_wrong_key_is_fatal(service: Service) -> None:
    """Every method that needs a key raises the error for 401."""
    async with service.client(key="another-key") as cartesia:
        with pytest.raises(AuthRefused, match="CARTESIA_API_KEY"):
            await speak(cartesia, voice_id=UNKNOWN)
        with pytest.raises(AuthRefused):
            await voices_of(cartesia)


async def test_calls_above_the_limit_are_throttled(narrow_service: Service) -> None:
    """Calls above the concurrency limit raise the error for 429; calls within it return speech."""
    async with narrow_service.client() as cartesia:
        voice_id = (await voices_of(cartesia))[0].id
        calls = (speak(cartesia, SENTENCE * 3, voice_id=voice_id) for _ in range(6))
        answers = await asyncio.gather(*calls, return_exceptions=True)
        assert isinstance(await speak(cartesia, "Now.", voice_id=voice_id), Reply)
    throttled = [answer for answer in answers if isinstance(answer, Throttled)]
    assert len(throttled) + sum(isinstance(answer, Reply) for answer in answers) == 6
    assert 0 < len(throttled) < 6
    assert all(error.retryable and error.status == 429 for error in throttled)


async def test_concurrent_calls_get_their_own_answers(service: Service) -> None:
    """Each of twenty concurrent calls on one client gets the answer to its own request."""
    async with service.client() as cartesia:
        voice_id = (await voices_of(cartesia))[0].id
        texts = [f"Question number {number}." for number in range(20)]
        replies = await asyncio.gather(*(speak(cartesia, text, voice_id=voice_id) for text in texts))
    assert len({reply.body for reply in replies}) == 20
