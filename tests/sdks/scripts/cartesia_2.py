"""Every method of the PyPI package `cartesia` 2.0.17."""

import base64
from functools import partial
from pathlib import Path
from typing import Any

from cartesia import Cartesia

from tests.sdks.scripts.notes import Notes, events, task

TASK = task()
NOTES = Notes(TASK["folder"])
VOICE = {"mode": "id", "id": TASK["voice"]}
WAV = {"container": "wav", "sample_rate": 24000, "encoding": "pcm_s16le"}
FLOAT = {"container": "raw", "sample_rate": 44100, "encoding": "pcm_f32le"}
CLIP, LEFT, RIGHT = (Path(TASK[name]) for name in ("clip", "left", "right"))
CURIOUS = "curiosity:high"
WAV_FIELDS = {f"output_format_{name}": value for name, value in WAV.items()}


def connected(key: str, url: str = TASK["url"]) -> Any:
    """The SDK's client."""
    return Cartesia(api_key=key, base_url=url)


CLIENT = connected(TASK["key"])


def plain(model: Any) -> dict[str, Any]:
    """A response as plain data."""
    shown: dict[str, Any] = model.model_dump(mode="json")
    return shown


def speech(client: Any = CLIENT, **fields: Any) -> dict[str, Any]:
    """The facts of `tts.bytes`."""
    options = fields.pop("request_options", None)
    arguments = {"model_id": "sonic-2", "transcript": TASK["sentence"], "voice": VOICE, "language": "en"}
    arguments |= {"output_format": WAV} | fields
    return {"audio": b"".join(client.tts.bytes(**arguments, request_options=options))}


def streamed(client: Any = CLIENT, **fields: Any) -> dict[str, Any]:
    """The facts of `tts.sse`."""
    arguments = {"model_id": "sonic-2", "transcript": TASK["sentence"], "voice": VOICE, "output_format": FLOAT}
    return events(map(plain, client.tts.sse(**arguments | fields)), audio_of)


def audio_of(event: dict[str, Any]) -> bytes:
    """The audio of an event."""
    return base64.b64decode(event.get("data") or "")


def changed(**fields: Any) -> dict[str, Any]:
    """The facts of `voice_changer.sse`."""
    arguments = {"clip": CLIP.read_bytes(), "voice_id": TASK["other_voice"]} | fields
    return events(map(plain, CLIENT.voice_changer.sse(**arguments)), audio_of)


def transcribed(client: Any = CLIENT, **fields: Any) -> dict[str, Any]:
    """The facts of `stt.transcribe`."""
    arguments = {"file": CLIP.read_bytes(), "model": "ink-whisper", "language": "en"} | fields
    return plain(client.stt.transcribe(**arguments))


def infilled() -> dict[str, Any]:
    """The facts of `infill.bytes`, with the controls that only this generation has."""
    pieces = CLIENT.infill.bytes(
        left_audio=LEFT.read_bytes(),
        right_audio=RIGHT.read_bytes(),
        model_id="sonic-2",
        language="en",
        transcript=TASK["middle"],
        voice_id=TASK["voice"],
        voice_experimental_controls_speed="normal",
        voice_experimental_controls_emotion=[CURIOUS],
        **WAV_FIELDS,
    )
    return {"audio": b"".join(pieces), "emotion": CURIOUS}


def methods() -> None:
    """Make the steps of speech and transcription."""
    mp3 = {"container": "mp3", "sample_rate": 44100, "bit_rate": 128000}
    NOTES.step("api_status.get", lambda: plain(CLIENT.api_status.get()))
    NOTES.step("tts.bytes/wav", speech)
    NOTES.step("tts.bytes/mp3", lambda: speech(output_format=mp3))
    NOTES.step("tts.bytes/raw", lambda: speech(output_format=FLOAT))
    NOTES.step("tts.sse", lambda: streamed(add_timestamps=True, context_id="context 1"))
    NOTES.step("tts.sse/french", lambda: streamed(transcript=TASK["french"], language="fr", add_timestamps=True))
    NOTES.step("tts.sse/phonemes", lambda: streamed(add_phoneme_timestamps=True))
    NOTES.step("stt.transcribe", lambda: transcribed(timestamp_granularities=["word"]))
    headerless = {"file": Path(TASK["headerless"]).read_bytes(), "encoding": "pcm_s16le", "sample_rate": 16000}
    NOTES.step("stt.transcribe/headerless", lambda: transcribed(**headerless))
    clip = {"clip": CLIP.read_bytes(), "voice_id": TASK["other_voice"]}
    NOTES.step("voice_changer.bytes", lambda: {"audio": b"".join(CLIENT.voice_changer.bytes(**clip, **WAV_FIELDS))})
    NOTES.step("voice_changer.sse", lambda: changed(**WAV_FIELDS))
    mp3_fields = {f"output_format_{name}": value for name, value in mp3.items()}
    NOTES.step("voice_changer.sse/mp3", lambda: changed(**mp3_fields))
    raw_fields = {f"output_format_{name}": value for name, value in FLOAT.items()}
    NOTES.step("voice_changer.sse/raw", lambda: changed(**raw_fields))
    NOTES.step("infill.bytes", infilled)


def voices() -> None:
    """Make the steps of voices: list, create, update, delete."""
    pages = list(CLIENT.voices.list(limit=7, expand=["embedding"]).iter_pages())
    NOTES.step(
        "voices.list",
        lambda: {"voices": [plain(voice) for page in pages for voice in page.items], "pages": len(pages)},
    )
    NOTES.step("voices.get", lambda: plain(CLIENT.voices.get(TASK["voice"])))
    clip = CLIP.read_bytes()
    arguments = {"clip": clip, "name": "Clone", "description": "D", "language": "en"}
    made = NOTES.step("voices.clone", lambda: plain(CLIENT.voices.clone(**arguments, mode="similarity", enhance=True)))
    stable = arguments | {"mode": "stability", "base_voice_id": TASK["voice"]}
    NOTES.step("voices.clone/stability", lambda: plain(CLIENT.voices.clone(**stable)))
    mix = [{"id": TASK["voice"], "weight": 0.25}, {"id": TASK["other_voice"], "weight": 0.75}]
    mixed = NOTES.step("voices.mix", lambda: plain(CLIENT.voices.mix(voices=mix)))
    features = {"name": "Made", "description": "", "embedding": mixed["embedding"], "language": "en"}
    NOTES.step("voices.create", lambda: plain(CLIENT.voices.create(**features)))
    empty = {"name": "Copy", "description": "", "embedding": [], "base_voice_id": TASK["other_voice"]}
    NOTES.step("voices.create/empty", lambda: plain(CLIENT.voices.create(**empty)))
    target = {"voice_id": TASK["voice"], "name": "L", "description": "D", "language": "es"}
    localized = target | {"original_speaker_gender": "female", "dialect": "pe"}
    NOTES.step("voices.localize", lambda: plain(CLIENT.voices.localize(**localized)))
    voice_id = made["id"]
    NOTES.step("voices.update", lambda: plain(CLIENT.voices.update(voice_id, name="New", description="D2")))
    NOTES.step("voices.update/read", lambda: plain(CLIENT.voices.get(voice_id)))
    NOTES.step("voices.clone/speaks", lambda: speech(voice={"mode": "id", "id": voice_id}))
    mine = CLIENT.voices.list(is_owner=True, limit=100)
    NOTES.step("voices.list/mine", lambda: {"ids": [voice.id for voice in mine]})
    NOTES.step("voices.delete", lambda: {"answer": CLIENT.voices.delete(voice_id)})
    NOTES.step("voices.delete/read", lambda: plain(CLIENT.voices.get(voice_id)))


def tokens() -> None:
    """Make the steps of access tokens."""
    for family, other in (("tts", "stt"), ("stt", "tts")):
        step = f"auth.access_token/{family}"
        arguments = {"grants": {family: True}, "expires_in": 60}
        answer = NOTES.step(step, partial(granted, arguments))
        client = connected(answer["token"])
        calls = {"tts": partial(speech, client), "stt": partial(transcribed, client)}
        NOTES.step(f"{step}/granted", calls[family])
        NOTES.step(f"{step}/other", calls[other])
        NOTES.step(f"{step}/voices", partial(client.voices.get, TASK["voice"]))


def granted(arguments: dict[str, Any]) -> dict[str, Any]:
    """The facts of the method that creates tokens."""
    return plain(CLIENT.auth.access_token(**arguments))


def errors() -> None:
    """Make the steps of refusals and retries."""
    stranger = connected("a stranger")
    NOTES.step("errors/key", lambda: plain(stranger.voices.get(TASK["voice"])))
    NOTES.step("errors/key/audio", lambda: speech(stranger))
    NOTES.step("errors/key/upload", lambda: transcribed(stranger))
    NOTES.step("errors/voice", lambda: speech(voice={"mode": "id", "id": TASK["nobody"]}))
    NOTES.step("errors/voice/stream", lambda: streamed(voice={"mode": "id", "id": TASK["nobody"]}))
    NOTES.step("errors/voice/path", lambda: plain(CLIENT.voices.get(TASK["nobody"])))
    NOTES.step("errors/voice/odd", lambda: plain(CLIENT.voices.get("a b/c?d")))
    NOTES.step("errors/file", lambda: transcribed(file=b"no audio at all"))
    shaky = TASK["shaky_url"]
    NOTES.step("errors/throttled", lambda: speech(connected("first cartesia-2 a", shaky)))
    NOTES.step("errors/throttled/upload", lambda: transcribed(connected("first cartesia-2 b", shaky)))
    patient = {"max_retries": 2}
    throttled = connected("first cartesia-2 c", shaky)
    NOTES.step("retries", lambda: plain(throttled.voices.get(TASK["voice"], request_options=patient)))
    throttled = connected("first cartesia-2 d", shaky)
    NOTES.step("retries/upload", lambda: transcribed(throttled, request_options=patient))
    NOTES.step("errors/midway", lambda: streamed(connected("dies", shaky), transcript=TASK["long"]))


for part in (methods, voices, tokens, errors):
    part()
