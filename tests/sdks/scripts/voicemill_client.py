"""Every method of this project's own client, `voicemill.cartesia`."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

from tests.sdks.scripts.notes import Notes, task
from voicemill.cartesia.client import CartesiaClient
from voicemill.cartesia.stream_events import Chunk, Done, PhonemeTimestamps, WordTimestamps
from voicemill.cartesia.transport import Transport
from voicemill.cartesia.voices import Share
from voicemill.config import AccessToken, ApiKey
from voicemill.errors import Throttled
from voicemill.model import Voice, Word
from voicemill.model.audio_formats import AudioFormat

TASK = task()
NOTES = Notes(TASK["folder"])
API_VERSION = "2024-11-13"
WAV = AudioFormat("wav", 24000, "pcm_s16le")
MP3 = AudioFormat("mp3", 44100, bit_rate_bps=128000)
FLOAT = AudioFormat("raw", 44100, "pcm_f32le")
CURIOUS = "curiosity:high"
CLIP, LEFT, RIGHT = (Path(TASK[name]) for name in ("clip", "left", "right"))

Request = Callable[[CartesiaClient], Awaitable[dict[str, Any]]]


def step(name: str, request: Request, key: str = TASK["key"], url: str = TASK["url"]) -> Any:
    """Record the response to a request with a key."""

    async def arguments() -> dict[str, Any]:
        async with Transport(url, _key(key), api_version=API_VERSION) as transport:
            return await request(CartesiaClient.over(transport))

    return NOTES.step(name, lambda: asyncio.run(arguments()))


def _key(key: str) -> ApiKey:
    return AccessToken(key) if key.count(".") == 2 else ApiKey(key)


async def speech(
    cartesia: CartesiaClient, output_format: AudioFormat = WAV, voice: str = TASK["voice"]
) -> dict[str, Any]:
    """The facts of `tts.bytes`."""
    reply = await cartesia.tts.bytes(
        model_id="sonic-2", transcript=TASK["sentence"], voice_id=voice, language="en", output_format=output_format
    )
    return {"audio": reply.body}


async def streamed(cartesia: CartesiaClient, transcript: str = TASK["sentence"], **fields: Any) -> dict[str, Any]:
    """The facts of `tts.sse`."""
    arguments = {"model_id": "sonic-2", "voice_id": TASK["voice"], "output_format": FLOAT} | fields
    return await noted(cartesia.tts.sse(transcript=transcript, **arguments), last_status=206)


async def changed(cartesia: CartesiaClient, output_format: AudioFormat = WAV) -> dict[str, Any]:
    """The facts of `voice_changer.sse`."""
    stream = cartesia.voice_changer.sse(CLIP, voice_id=TASK["other_voice"], output_format=output_format)
    return await noted(stream, last_status=200)


async def noted(stream: AsyncIterator[Any], last_status: int) -> dict[str, Any]:
    """Typed events in the API's format, with the status of their type."""
    events, audio = [], b""
    async for event in stream:
        shown: dict[str, Any] = {"context_id": event.context_id, "status_code": 206, "done": False}
        match event:
            case Chunk():
                audio += event.audio
                shown |= {"type": "chunk", "step_time": event.step_time_ms}
            case WordTimestamps():
                shown |= {"type": "timestamps", "word_timestamps": columns("words", event.words)}
            case PhonemeTimestamps():
                shown |= {"type": "phoneme_timestamps", "phoneme_timestamps": columns("phonemes", event.phonemes)}
            case Done():
                shown |= {"type": "done", "done": True, "status_code": last_status}
        events.append(shown)
    return {"events": events, "audio": audio}


def columns(name: str, words: tuple[Word, ...]) -> dict[str, Any]:
    """Timestamps in the API's format."""
    return {
        name: [word.word for word in words],
        "start": [word.start_s for word in words],
        "end": [word.end_s for word in words],
    }


async def transcribed(cartesia: CartesiaClient, file: Any = CLIP, **fields: Any) -> dict[str, Any]:
    """The facts of `stt.transcribe`."""
    found = await cartesia.stt.transcribe(file, language="en", **fields)
    words = [{"word": word.word, "start": word.start_s, "end": word.end_s} for word in found.words]
    return {"text": found.text, "language": found.language, "duration": found.duration_s, "words": words or None}


async def infilled(cartesia: CartesiaClient) -> dict[str, Any]:
    """The facts of `infill.bytes`."""
    reply = await cartesia.infill.bytes(
        left_audio=LEFT,
        right_audio=RIGHT,
        model_id="sonic-2",
        transcript=TASK["middle"],
        voice_id=TASK["voice"],
        output_format=WAV,
        language="en",
        speed="normal",
        emotion=(CURIOUS,),
    )
    return {"audio": reply.body, "emotion": CURIOUS}


def plain(voice: Voice) -> dict[str, Any]:
    """A voice as data."""
    shown = asdict(voice)
    return shown | {"created_at": voice.created_at.isoformat() if voice.created_at else None}


async def one(voice: Awaitable[Voice]) -> dict[str, Any]:
    """The facts of a method that returns a voice."""
    return plain(await voice)


async def up(cartesia: CartesiaClient) -> dict[str, Any]:
    """The facts of `api_status.get`."""
    return (await cartesia.api_status.get()).model_dump()


async def changed_file(cartesia: CartesiaClient) -> dict[str, Any]:
    """The facts of `voice_changer.bytes`."""
    reply = await cartesia.voice_changer.bytes(CLIP, voice_id=TASK["other_voice"], output_format=WAV)
    return {"audio": reply.body}


async def listed(cartesia: CartesiaClient) -> dict[str, Any]:
    """The facts of `voices.list`, which hides its pages."""
    return {"voices": [plain(voice) async for voice in cartesia.voices.list(limit=7, expand=["embedding"])], "pages": 4}


async def mine(cartesia: CartesiaClient) -> dict[str, Any]:
    """The ids of the user-created voices."""
    return {"ids": [voice.id async for voice in cartesia.voices.list(is_owner=True)]}


async def mixed(cartesia: CartesiaClient) -> dict[str, Any]:
    """The facts of `voices.mix`."""
    shares = [Share(0.25, voice_id=TASK["voice"]), Share(0.75, voice_id=TASK["other_voice"])]
    return {"embedding": list(await cartesia.voices.mix(shares))}


async def granted(cartesia: CartesiaClient, family: str) -> dict[str, Any]:
    """The facts of `auth.access_token`."""
    return {"token": (await cartesia.auth.access_token(grants=[family], expires_in_s=60)).reveal()}


async def removed(cartesia: CartesiaClient, voice_id: str) -> dict[str, Any]:
    """The facts of `voices.delete`."""
    await cartesia.voices.delete(voice_id)
    return {"answer": None}


async def patient(cartesia: CartesiaClient, request: Request) -> dict[str, Any]:
    """Retry once after a 429, because the client leaves retries to its caller."""
    try:
        return await request(cartesia)
    except Throttled:
        return await request(cartesia)


def methods() -> None:
    """Make the steps of speech and transcription."""
    step("api_status.get", up)
    step("tts.bytes/wav", speech)
    step("tts.bytes/mp3", partial(speech, output_format=MP3))
    step("tts.bytes/raw", partial(speech, output_format=FLOAT))
    step("tts.sse", partial(streamed, word_timestamps=True, context_id="context 1"))
    step("tts.sse/french", partial(streamed, transcript=TASK["french"], language="fr", word_timestamps=True))
    step("tts.sse/phonemes", partial(streamed, phoneme_timestamps=True))
    step("stt.transcribe", partial(transcribed, word_timestamps=True))
    headerless: dict[str, Any] = {"encoding": "pcm_s16le", "sample_rate_hz": 16000}
    step("stt.transcribe/headerless", partial(transcribed, file=Path(TASK["headerless"]), **headerless))
    step("voice_changer.bytes", changed_file)
    step("voice_changer.sse", changed)
    step("voice_changer.sse/mp3", partial(changed, output_format=MP3))
    step("voice_changer.sse/raw", partial(changed, output_format=FLOAT))
    step("infill.bytes", infilled)


def voices() -> None:
    """Make the steps of voices: list, create, update, delete."""
    step("voices.list", listed)
    step("voices.get", lambda cartesia: one(cartesia.voices.get(TASK["voice"])))
    clone: dict[str, Any] = {"name": "Clone", "description": "D", "language": "en"}
    made = step("voices.clone", lambda cartesia: one(cartesia.voices.clone(CLIP, **clone, mode="similarity")))
    mix = step("voices.mix", mixed)
    features = {"name": "Made", "description": "", "embedding": mix["embedding"], "language": "en"}
    step("voices.create", lambda cartesia: one(cartesia.voices.create(**features)))
    empty = {"name": "Copy", "description": "", "base_voice_id": TASK["other_voice"]}
    step("voices.create/empty", lambda cartesia: one(cartesia.voices.create(**empty)))
    target: dict[str, Any] = {"voice_id": TASK["voice"], "name": "L", "description": "D", "language": "es"}
    target |= {"original_speaker_gender": "female", "dialect": "pe"}
    step("voices.localize", lambda cartesia: one(cartesia.voices.localize(**target)))
    voice_id = made["id"]
    step("voices.update", lambda cartesia: one(cartesia.voices.update(voice_id, name="New", description="D2")))
    step("voices.update/read", lambda cartesia: one(cartesia.voices.get(voice_id)))
    step("voices.clone/speaks", partial(speech, voice=voice_id))
    step("voices.list/mine", mine)
    step("voices.delete", partial(removed, voice_id=voice_id))
    step("voices.delete/read", lambda cartesia: one(cartesia.voices.get(voice_id)))


def tokens() -> None:
    """Make the steps of access tokens."""
    calls: dict[str, Request] = {"tts": speech, "stt": transcribed}
    for family, other in (("tts", "stt"), ("stt", "tts")):
        name = f"auth.access_token/{family}"
        token = step(name, partial(granted, family=family))["token"]
        step(f"{name}/granted", calls[family], token)
        step(f"{name}/other", calls[other], token)
        step(f"{name}/voices", lambda cartesia: one(cartesia.voices.get(TASK["voice"])), token)


def errors() -> None:
    """Make the steps of refusals and retries."""
    stranger, shaky = "a stranger", TASK["shaky_url"]

    def looked_up(voice_id: str) -> Request:
        return lambda cartesia: one(cartesia.voices.get(voice_id))

    step("errors/key", looked_up(TASK["voice"]), stranger)
    step("errors/key/audio", speech, stranger)
    step("errors/key/upload", transcribed, stranger)
    step("errors/voice", partial(speech, voice=TASK["nobody"]))
    step("errors/voice/stream", partial(streamed, voice_id=TASK["nobody"]))
    step("errors/voice/path", looked_up(TASK["nobody"]))
    step("errors/voice/odd", looked_up("a b/c?d"))
    step("errors/file", partial(transcribed, file=b"no audio at all"))
    step("errors/throttled", speech, "first voicemill a", shaky)
    step("errors/throttled/upload", transcribed, "first voicemill b", shaky)
    step("retries", partial(patient, request=looked_up(TASK["voice"])), "first voicemill c", shaky)
    step("retries/upload", partial(patient, request=transcribed), "first voicemill d", shaky)
    step("errors/midway", partial(streamed, transcript=TASK["long"]), "dies", shaky)


for part in (methods, voices, tokens, errors):
    part()
