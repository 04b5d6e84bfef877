"""Every method of the PyPI package `cartesia` 4.2.0; every response must match its types exactly."""

import base64
from functools import partial
from pathlib import Path
from typing import Any

from cartesia import Cartesia

from tests.sdks.scripts.notes import Notes, events, task

TASK = task()
NOTES = Notes(TASK["folder"])
WAV = {"container": "wav", "sample_rate": 24000, "encoding": "pcm_s16le"}
FLOAT = {"container": "raw", "sample_rate": 44100, "encoding": "pcm_f32le"}
CLIP, LEFT, RIGHT = (Path(TASK[name]) for name in ("clip", "left", "right"))
WAV_FIELDS = {f"output_format_{name}": value for name, value in WAV.items()}


def connected(key: str, url: str = TASK["url"], *, max_retries: int = 0, **options: Any) -> Any:
    """The SDK's client, with an error if a response does not match its types."""
    return Cartesia(api_key=key, base_url=url, max_retries=max_retries, _strict_response_validation=True, **options)


CLIENT = connected(TASK["key"])


def plain(model: Any) -> dict[str, Any]:
    """A response as plain data."""
    shown: dict[str, Any] = model.to_dict(mode="json")
    return shown


def speech(client: Any = CLIENT, **fields: Any) -> dict[str, Any]:
    """The facts of `tts.generate`."""
    arguments = {"model_id": "sonic-3", "transcript": TASK["sentence"], "voice": TASK["voice"], "language": "en"}
    return {"audio": client.tts.generate(**arguments | {"output_format": WAV} | fields).read()}


def streamed(client: Any = CLIENT, **fields: Any) -> dict[str, Any]:
    """The facts of `tts.generate_sse`."""
    arguments = {"model_id": "sonic-3", "transcript": TASK["sentence"], "voice": {"id": TASK["voice"]}}
    return noted(client.tts.generate_sse(**arguments | {"output_format": FLOAT} | fields))


def noted(stream: Any) -> dict[str, Any]:
    """The facts of a stream of typed events."""
    typed = [(event, plain(event)) for event in stream]
    kinds = [type(event).__name__ for event, _ in typed]
    return events((shown for _, shown in typed), audio_of) | {"kinds": kinds}


def audio_of(event: dict[str, Any]) -> bytes:
    """The audio of an event."""
    return base64.b64decode(event.get("data") or "")


def changed(**fields: Any) -> dict[str, Any]:
    """The facts of `voice_changer.generate_sse`."""
    return noted(CLIENT.voice_changer.generate_sse(clip=CLIP, voice_id=TASK["other_voice"], **fields))


def transcribed(client: Any = CLIENT, **fields: Any) -> dict[str, Any]:
    """The facts of `stt.transcribe`."""
    arguments = {"file": CLIP, "model": "ink-whisper", "language": "en"} | fields
    return plain(client.stt.transcribe(**arguments))


def infilled(**sides: Path) -> dict[str, Any]:
    """The facts of `tts.infill`."""
    arguments = {"model_id": "sonic-3", "language": "en", "transcript": TASK["middle"], "voice_id": TASK["voice"]}
    return {"audio": CLIENT.tts.infill(**arguments, output_format=WAV, **sides).read()}


def methods() -> None:
    """Make the steps of speech and transcription."""
    mp3 = {"container": "mp3", "sample_rate": 44100, "bit_rate": 128000}
    NOTES.step("api_status.get", lambda: plain(CLIENT.get_status()))
    NOTES.step("tts.bytes/wav", speech)
    NOTES.step("tts.bytes/mp3", lambda: speech(output_format=mp3))
    NOTES.step("tts.bytes/raw", lambda: speech(output_format=FLOAT))
    NOTES.step("tts.sse", lambda: streamed(add_timestamps=True, context_id="context 1"))
    NOTES.step("tts.sse/french", lambda: streamed(transcript=TASK["french"], language="fr", add_timestamps=True))
    NOTES.step("tts.sse/phonemes", lambda: streamed(add_phoneme_timestamps=True))
    NOTES.step("stt.transcribe", lambda: transcribed(timestamp_granularities=["word"]))
    headerless = {"file": Path(TASK["headerless"]), "encoding": "pcm_s16le", "sample_rate": 16000}
    NOTES.step("stt.transcribe/headerless", lambda: transcribed(**headerless))
    clip = {"clip": CLIP, "voice_id": TASK["other_voice"]}
    NOTES.step("voice_changer.bytes", lambda: {"audio": CLIENT.voice_changer.generate(**clip, **WAV_FIELDS).read()})
    NOTES.step("voice_changer.sse", lambda: changed(**WAV_FIELDS))
    mp3_fields = {f"output_format_{name}": value for name, value in mp3.items()}
    NOTES.step("voice_changer.sse/mp3", lambda: changed(**mp3_fields))
    raw_fields = {f"output_format_{name}": value for name, value in FLOAT.items()}
    NOTES.step("voice_changer.sse/raw", lambda: changed(**raw_fields))
    NOTES.step("infill.bytes", lambda: infilled(left_audio=LEFT, right_audio=RIGHT))
    NOTES.step("infill.bytes/left", lambda: infilled(left_audio=LEFT))


def voices() -> None:
    """Make the steps of voices: list, create, update, delete."""
    pages = list(CLIENT.voices.list(limit=7).iter_pages())
    NOTES.step(
        "voices.list",
        lambda: {"voices": [plain(voice) for page in pages for voice in page.data], "pages": len(pages)},
    )
    NOTES.step("voices.get", lambda: plain(CLIENT.voices.get(TASK["voice"])))
    made = NOTES.step(
        "voices.clone",
        lambda: plain(CLIENT.voices.clone(clip=CLIP, name="Clone", description="D", language="en")),
    )
    accents = NOTES.step("voices.list_accents", lambda: plain(CLIENT.voices.list_accents()))
    localizable = [accent["id"] for accent in accents["accents"] if accent["is_localizable"]]
    target = {"voice_id": TASK["voice"], "name": "L", "description": "D", "accent": "peruvian"}
    NOTES.step("voices.localize", lambda: plain(CLIENT.voices.localize(**target)))
    NOTES.step(
        "voices.localize/all",
        lambda: {"voices": [plain(CLIENT.voices.localize(**target | {"accent": accent})) for accent in localizable]},
    )
    voice_id = made["id"]
    changes = {"name": "New", "description": "D2", "gender": "masculine", "accent": "british"}
    NOTES.step("voices.update", lambda: plain(CLIENT.voices.update(voice_id, **changes)))
    NOTES.step("voices.update/read", lambda: plain(CLIENT.voices.get(voice_id)))
    NOTES.step("voices.clone/speaks", lambda: speech(voice=voice_id))
    NOTES.step("voices.list/mine", lambda: {"ids": [voice.id for voice in CLIENT.voices.list(is_owner=True)]})
    NOTES.step("voices.delete", lambda: {"answer": CLIENT.voices.delete(voice_id)})
    NOTES.step("voices.delete/read", lambda: plain(CLIENT.voices.get(voice_id)))


def tokens() -> None:
    """Make the steps of access tokens."""
    for family, other in (("tts", "stt"), ("stt", "tts")):
        step = f"auth.access_token/{family}"
        arguments = {"grants": {family: True}, "expires_in": 60}
        answer = NOTES.step(step, partial(granted, arguments))
        client = Cartesia(token=answer["token"], base_url=TASK["url"], max_retries=0)
        calls = {"tts": partial(speech, client), "stt": partial(transcribed, client)}
        NOTES.step(f"{step}/granted", calls[family])
        NOTES.step(f"{step}/other", calls[other])
        NOTES.step(f"{step}/voices", partial(client.voices.get, TASK["voice"]))


def granted(arguments: dict[str, Any]) -> dict[str, Any]:
    """The facts of the method that creates tokens."""
    return plain(CLIENT.access_token.create(**arguments))


def errors() -> None:
    """Make the steps of refusals and retries."""
    stranger = connected("a stranger")
    NOTES.step("errors/key", lambda: plain(stranger.voices.get(TASK["voice"])))
    NOTES.step("errors/key/audio", lambda: speech(stranger))
    NOTES.step("errors/key/upload", lambda: transcribed(stranger))
    NOTES.step("errors/voice", lambda: speech(voice=TASK["nobody"]))
    NOTES.step("errors/voice/stream", lambda: streamed(voice=TASK["nobody"]))
    NOTES.step("errors/voice/path", lambda: plain(CLIENT.voices.get(TASK["nobody"])))
    NOTES.step("errors/voice/odd", lambda: plain(CLIENT.voices.get("a b/c?d")))
    NOTES.step("errors/file", lambda: transcribed(file=b"no audio at all"))
    shaky = TASK["shaky_url"]
    NOTES.step("errors/throttled", lambda: speech(connected("first cartesia-4 a", shaky)))
    NOTES.step("errors/throttled/upload", lambda: transcribed(connected("first cartesia-4 b", shaky)))
    throttled = connected("first cartesia-4 c", shaky, max_retries=2)
    NOTES.step("retries", lambda: plain(throttled.voices.get(TASK["voice"])))
    throttled = connected("first cartesia-4 d", shaky, max_retries=2)
    NOTES.step("retries/upload", lambda: transcribed(throttled))
    NOTES.step("errors/midway", lambda: streamed(connected("dies", shaky), transcript=TASK["long"]))


for part in (methods, voices, tokens, errors):
    part()
