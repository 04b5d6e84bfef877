"""Every method of the API reference with the small and the local engine: results match the request."""

import io
from collections.abc import AsyncIterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from tests.contract.services import Service
from tests.contract.test_contract import SENTENCE, UNKNOWN, VERSIONS, WAV, speak, voices_of
from tests.engine.measures import pitch_hz
from voicemill.audio.decode import decode_all
from voicemill.audio.wav_header import probe_wav
from voicemill.cartesia.client import CartesiaClient
from voicemill.cartesia.stream_events import Chunk, Done, Event, PhonemeTimestamps, WordTimestamps
from voicemill.cartesia.stt import read_transcription
from voicemill.cartesia.voices import Share
from voicemill.errors import AuthRefused, CallError, Refused
from voicemill.model import Word
from voicemill.model.audio_formats import AudioFormat

SARAH = "694f9389-aac1-45b6-b726-9d9369183238"
RAW = AudioFormat("raw", 16000, "pcm_s16le")
PLAIN = "The boat is on the river."


@pytest.fixture
async def cartesia(engine_service: Service) -> AsyncIterator[CartesiaClient]:
    """A client of each engine in turn."""
    async with engine_service.client() as cartesia:
        yield cartesia


@pytest.fixture
async def clip(cartesia: CartesiaClient, tmp_path: Path) -> Path:
    """A recording in a file."""
    path = tmp_path / "clip.wav"
    path.write_bytes((await speak(cartesia, PLAIN, voice_id=SARAH)).body)
    return path


def duration_s(wav: bytes) -> float:
    """The duration of a WAV. Asserts that it is complete and not silent."""
    assert len(set(wav[1000:])) > 20
    return probe_wav(wav).duration_s


def pitch_of(wav: bytes) -> float:
    """The pitch of a recorded speaker in Hz."""
    return pitch_hz(decode_all(io.BytesIO(wav), 24_000), 24_000)


def in_order(timed: list[Word], length_s: float) -> bool:
    """Whether the times increase and lie inside the audio."""
    times = [moment for word in timed for moment in (word.start_s, word.end_s)]
    return (
        all(earlier <= later for earlier, later in pairwise(times)) and times[0] >= 0 and times[-1] <= length_s + 0.05
    )


async def test_speech_is_streamed_with_timestamps(cartesia: CartesiaClient) -> None:
    """A stream has audio chunks, ordered words and phonemes, the caller's context in each event, and a final `Done`."""
    events: list[Event] = [
        event
        async for event in cartesia.tts.sse(
            model_id="sonic-2", transcript=SENTENCE, voice_id=SARAH, language="en", output_format=RAW,
            word_timestamps=True, phoneme_timestamps=True, context_id="c",
        )
    ]  # fmt: skip
    audio = b"".join(event.audio for event in events if isinstance(event, Chunk))
    length_s = len(audio) / 2 / RAW.sample_rate_hz
    words = [word for event in events if isinstance(event, WordTimestamps) for word in event.words]
    phonemes = [word for event in events if isinstance(event, PhonemeTimestamps) for word in event.phonemes]
    assert 2 < length_s < 10
    assert [word.word.strip(".").lower() for word in words] == SENTENCE.lower().strip(".").split()
    assert len(phonemes) > len(words)
    assert in_order(words, length_s)
    assert in_order(phonemes, length_s)
    assert {event.context_id for event in events} == {"c"}
    assert [type(event) for event in events].index(Done) == len(events) - 1


async def test_invalid_stream_request_is_refused_at_once(cartesia: CartesiaClient) -> None:
    """A container that cannot be streamed and an unknown voice are refused with a reason."""
    for fields in ({"output_format": WAV}, {"voice_id": UNKNOWN}):
        parameters: dict[str, Any] = {"model_id": "sonic-2", "transcript": "x", "voice_id": SARAH, "output_format": RAW}
        with pytest.raises(Refused) as caught:
            _ = [event async for event in cartesia.tts.sse(**parameters | fields)]
        assert caught.value.status == 400


async def test_generated_speech_is_transcribed(cartesia: CartesiaClient, clip: Path) -> None:
    """A file is transcribed with word timestamps, and the stored answer gives the same result."""
    transcription = await cartesia.stt.transcribe(clip, language="en", word_timestamps=True)
    assert transcription.reply is not None
    assert read_transcription(transcription.reply.body) == transcription
    assert len({"boat", "is", "on", "the", "river"} & set(transcription.text.split())) >= 3
    assert transcription.duration_s == pytest.approx(duration_s(clip.read_bytes()), abs=0.05)
    assert " ".join(word.word for word in transcription.words) == transcription.text
    assert in_order(list(transcription.words), transcription.duration_s or 0)


async def test_raw_samples_are_transcribed(cartesia: CartesiaClient) -> None:
    """Raw samples are transcribed given their encoding and sample rate; timestamps are returned only on request."""
    raw = (await speak(cartesia, PLAIN, voice_id=SARAH, output_format=RAW)).body
    transcription = await cartesia.stt.transcribe(
        raw, encoding="pcm_s16le", sample_rate_hz=RAW.sample_rate_hz, language="en"
    )
    assert "river" in transcription.text or "boat" in transcription.text
    assert transcription.words == ()
    with pytest.raises(Refused):
        await cartesia.stt.transcribe(b"no audio at all" * 100)


async def test_voice_conversion(cartesia: CartesiaClient, clip: Path) -> None:
    """Converted audio keeps its duration, as a file and as a stream, in every container."""
    other = next(voice.id for voice in await voices_of(cartesia) if voice.id != SARAH)
    changed = await cartesia.voice_changer.bytes(clip, voice_id=other, output_format=WAV)
    assert duration_s(changed.body) == pytest.approx(duration_s(clip.read_bytes()), abs=0.1)
    streamed = [event async for event in cartesia.voice_changer.sse(clip, voice_id=other, output_format=WAV)]
    assert b"".join(event.audio for event in streamed if isinstance(event, Chunk)) == changed.body
    assert isinstance(streamed[-1], Done)
    with pytest.raises(Refused, match=UNKNOWN):
        await cartesia.voice_changer.bytes(clip, voice_id=UNKNOWN, output_format=WAV)


async def test_infill(cartesia: CartesiaClient, clip: Path) -> None:
    """Infill works between two recordings or next to one, and depends on the side."""
    parameters: dict[str, Any] = {"model_id": "sonic-2", "language": "en", "transcript": "and it moves"}
    parameters |= {"voice_id": SARAH, "output_format": WAV}
    sides: list[dict[str, Any]] = [
        {"left_audio": clip, "right_audio": clip.read_bytes()},
        {"left_audio": clip, "right_audio": None},
        {"left_audio": None, "right_audio": clip},
    ]
    for side in sides:
        assert 0.3 < duration_s((await cartesia.infill.bytes(**parameters, **side)).body) < 5
    slow = await cartesia.infill.bytes(**parameters, **sides[0], speed="slowest", emotion=("curiosity:high",))
    plain = await cartesia.infill.bytes(**parameters, **sides[0])
    assert duration_s(slow.body) > duration_s(plain.body)


@pytest.mark.parametrize("version", VERSIONS)
async def test_user_voice_lifecycle(service: Service, version: str) -> None:
    """A user-created voice can be created, listed, updated and deleted in every API version."""
    async with service.client(api_version=version) as cartesia:
        made = await cartesia.voices.create(name=f"Own {version}", description="D", base_voice_id=SARAH, language="en")
        renamed = await cartesia.voices.update(made.id, name=f"Renamed {version}", description="D2")
        assert (renamed.id, renamed.name, renamed.description) == (made.id, f"Renamed {version}", "D2")
        assert (await cartesia.voices.get(made.id)).name == renamed.name
        assert [voice.id async for voice in cartesia.voices.list(is_owner=True, q=version)] == [made.id]
        await cartesia.voices.delete(made.id)
        with pytest.raises(Refused) as caught:
            await cartesia.voices.get(made.id)
        assert caught.value.status == 404


async def test_lists_are_filtered_and_paged(service: Service) -> None:
    """Small pages give the same list as large ones, and filters select the right voices."""
    async with service.client() as cartesia:
        voices = await voices_of(cartesia)
        assert [voice.id async for voice in cartesia.voices.list(limit=3)] == [voice.id for voice in voices]
        after = [voice.id async for voice in cartesia.voices.list(starting_after=voices[4].id)]
        assert after == [voice.id for voice in voices[5:]]
        german = [voice async for voice in cartesia.voices.list(language="de", expand=("embedding",))]
        assert german
        assert all(voice.language == "de" and len(voice.embedding or ()) == 192 for voice in german)
    async with service.client(api_version="2024-06-10") as oldest:
        assert [voice.id async for voice in oldest.voices.list(language="de")] == [voice.id for voice in german]


async def test_mixed_voice_can_be_created_and_used(cartesia: CartesiaClient) -> None:
    """The embedding of a mix gives the same speech as a voice created from it."""
    voices = await voices_of(cartesia)
    embedding = await cartesia.voices.mix([Share(1, voice_id=voices[0].id), Share(3, voice_id=voices[1].id)])
    assert len(embedding) == 192
    made = await cartesia.voices.create(name="Mixed", description="", embedding=embedding, language="en")
    parameters: dict[str, Any] = {"model_id": "sonic-2", "transcript": PLAIN, "language": "en", "output_format": WAV}
    at_once = await cartesia.tts.bytes(**parameters, voice_embedding=embedding)
    assert at_once.body == (await cartesia.tts.bytes(**parameters, voice_id=made.id)).body
    assert at_once.body != (await cartesia.tts.bytes(**parameters, voice_id=voices[0].id)).body
    await cartesia.voices.delete(made.id)


async def test_voice_can_be_cloned_and_localized(cartesia: CartesiaClient, tmp_path: Path) -> None:
    """A clone is a user-created voice with the pitch of the clip; localizing it gives a voice in another language."""
    james = next(voice.id for voice in await voices_of(cartesia) if voice.name == "James")
    clip = tmp_path / "clip.wav"
    clip.write_bytes((await speak(cartesia, voice_id=james)).body)
    clone = await cartesia.voices.clone(clip, name="Clone", language="en", mode="similarity", enhance=False)
    assert (clone.name, clone.language, clone.is_public) == ("Clone", "en", False)
    spoken = (await speak(cartesia, voice_id=clone.id)).body
    assert pitch_of(spoken) == pytest.approx(pitch_of(clip.read_bytes()), rel=0.1)
    spanish = await cartesia.voices.localize(
        voice_id=clone.id, name="Clon", description="D", language="es", original_speaker_gender="female", dialect="mx"
    )
    assert spanish.id != clone.id
    assert (spanish.language, spanish.gender) == ("es", "feminine")
    for voice in (clone, spanish):
        await cartesia.voices.delete(voice.id)


async def test_token_permits_what_it_was_granted(service: Service) -> None:
    """A token for STT permits transcription, but neither TTS nor listing voices."""
    async with service.client() as cartesia:
        wav = (await speak(cartesia, "In April.", voice_id=SARAH)).body
        token = await cartesia.auth.access_token(grants=["stt"], expires_in_s=60)
        with pytest.raises(CallError):
            await cartesia.auth.access_token(expires_in_s=100_000)
    async with service.client(key=token) as bearer:
        assert (await bearer.stt.transcribe(wav)).text
        for refused in (speak(bearer, PLAIN, voice_id=SARAH), voices_of(bearer), bearer.auth.access_token()):
            with pytest.raises((Refused, AuthRefused)):
                await refused


async def test_controls_of_each_model_generation_change_the_audio(cartesia: CartesiaClient) -> None:
    """Volume, experimental speed and maximum duration each change the audio."""
    plain = (await speak(cartesia, PLAIN, voice_id=SARAH)).body
    fields: list[dict[str, Any]] = [{"volume": 0.5}, {"experimental_speed": -0.9}, {"duration_s": 0.5}]
    others = [(await speak(cartesia, PLAIN, voice_id=SARAH, **each)).body for each in fields]
    assert len({plain, *others}) == 4
    assert duration_s(others[1]) > duration_s(plain)
    assert duration_s(others[2]) == pytest.approx(0.5, abs=0.05)
