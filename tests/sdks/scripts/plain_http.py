"""Every endpoint in plain HTTP, as in the API's documentation, without an SDK."""

import base64
import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import httpx

from tests.sdks.scripts.notes import Notes, events, task

TASK = task()
NOTES = Notes(TASK["folder"])
API_VERSION = "2024-11-13"
WAV = {"container": "wav", "sample_rate": 24000, "encoding": "pcm_s16le"}
MP3 = {"container": "mp3", "sample_rate": 44100, "bit_rate": 128000}
FLOAT = {"container": "raw", "sample_rate": 44100, "encoding": "pcm_f32le"}
CLIP, LEFT, RIGHT = (Path(TASK[name]) for name in ("clip", "left", "right"))


class Refused(Exception):
    """A response with another status than 2xx."""

    def __init__(self, response: httpx.Response) -> None:
        super().__init__(response.text)
        self.status = response.status_code


class Caller:
    """A key and a base URL."""

    def __init__(self, key: str = TASK["key"], url: str = TASK["url"]) -> None:
        headers = {"Authorization": f"Bearer {key}", "Cartesia-Version": API_VERSION}
        self._client = httpx.Client(base_url=url, headers=headers, timeout=120)

    def send(self, method: str, path: str, **sent: Any) -> httpx.Response:
        """The successful response; raises `Refused`."""
        response = self._client.request(method, path, **sent)
        if not response.is_success:
            raise Refused(response)
        return response

    def received(self, method: str, path: str, **sent: Any) -> dict[str, Any]:
        """The facts of a JSON response."""
        facts: dict[str, Any] = self.send(method, path, **sent).json()
        return facts

    def patient(self, method: str, path: str, **sent: Any) -> dict[str, Any]:
        """The same, retried once after a 429."""
        try:
            return self.received(method, path, **sent)
        except Refused as refused:
            if refused.status != 429:
                raise
            return self.received(method, path, **sent)

    def speech(self, **fields: Any) -> dict[str, Any]:
        """The facts of `tts/bytes`."""
        return {"audio": self.send("POST", "/tts/bytes", json=speech_body(WAV) | fields).content}

    def streamed(self, **fields: Any) -> dict[str, Any]:
        """The facts of `tts/sse`."""
        return server_sent(self.send("POST", "/tts/sse", json=speech_body(FLOAT) | fields))

    def transcribed(self, path: str = "/stt", content: bytes | None = None) -> dict[str, Any]:
        """The facts of `stt`."""
        return self.received("POST", path, **recording(content))


def speech_body(output_format: dict[str, Any]) -> dict[str, Any]:
    """The minimal body."""
    voice = {"mode": "id", "id": TASK["voice"]}
    return {"model_id": "sonic-2", "transcript": TASK["sentence"], "voice": voice, "output_format": output_format}


def recording(content: bytes | None = None) -> dict[str, Any]:
    """The form of `stt`."""
    form = {"model": "ink-whisper", "language": "en", "timestamp_granularities[]": "word"}
    return {"data": form, "files": {"file": content or CLIP.read_bytes()}}


def server_sent(response: httpx.Response) -> dict[str, Any]:
    """The facts of an event stream."""
    assert response.headers["content-type"].startswith("text/event-stream"), response.headers
    frames = response.text.removesuffix("\n\n").split("\n\n")
    shown = [json.loads(frame.rpartition("data: ")[2]) for frame in frames]
    return events(shown, lambda event: base64.b64decode(event.get("data") or ""))


def wanted(output_format: dict[str, Any]) -> dict[str, str]:
    """A format as fields of a form."""
    return {f"output_format[{name}]": str(value) for name, value in output_format.items()}


def changing(output_format: dict[str, Any]) -> dict[str, Any]:
    """The form of the voice changer."""
    form = wanted(output_format) | {"voice[id]": TASK["other_voice"]}
    return {"data": form, "files": {"clip": CLIP.read_bytes()}}


def infilling() -> dict[str, Any]:
    """The form of an infill."""
    form: dict[str, Any] = {"model_id": "sonic-2", "language": "en", "transcript": TASK["middle"]}
    form |= {"voice_id": TASK["voice"]} | wanted(WAV)
    return {"data": form, "files": {"left_audio": LEFT.read_bytes(), "right_audio": RIGHT.read_bytes()}}


CALLER = Caller()
step = NOTES.step


def audio(path: str, form: dict[str, Any]) -> dict[str, Any]:
    """The facts of a form request with an audio response."""
    return {"audio": CALLER.send("POST", path, **form).content}


def methods() -> None:
    """Make the steps of speech and transcription."""
    step("api_status.get", partial(CALLER.received, "GET", "/"))
    step("tts.bytes/wav", CALLER.speech)
    step("tts.bytes/mp3", partial(CALLER.speech, output_format=MP3))
    step("tts.bytes/raw", partial(CALLER.speech, output_format=FLOAT))
    step("tts.sse", partial(CALLER.streamed, add_timestamps=True, context_id="context 1"))
    step("tts.sse/french", partial(CALLER.streamed, transcript=TASK["french"], language="fr", add_timestamps=True))
    step("tts.sse/phonemes", partial(CALLER.streamed, add_phoneme_timestamps=True))
    step("stt.transcribe", CALLER.transcribed)
    samples = Path(TASK["headerless"]).read_bytes()
    query = "/stt?encoding=pcm_s16le&sample_rate=16000"
    step("stt.transcribe/headerless", lambda: CALLER.transcribed(query, samples) | {"words": None})
    step("voice_changer.bytes", partial(audio, "/voice-changer/bytes", changing(WAV)))
    for name, output_format in (("", WAV), ("/mp3", MP3), ("/raw", FLOAT)):
        arguments = partial(CALLER.send, "POST", "/voice-changer/sse", **changing(output_format))
        step(f"voice_changer.sse{name}", lambda arguments=arguments: server_sent(arguments()))  # type: ignore[misc]
    step("infill.bytes", partial(audio, "/infill/bytes", infilling()))


def pages() -> dict[str, Any]:
    """All voices, page by page."""
    voices: list[dict[str, Any]] = []
    query, count = "", 0
    while True:
        page = CALLER.received("GET", f"/voices?limit=7&expand[]=embedding{query}")
        voices += page["data"]
        count += 1
        if not page["has_more"]:
            return {"voices": voices, "pages": count}
        query = f"&starting_after={page['next_page']}"


def voices() -> None:
    """Make the steps of voices: list, create, update, delete."""
    step("voices.list", pages)
    step("voices.get", partial(CALLER.received, "GET", f"/voices/{TASK['voice']}"))
    fields = {"name": "Clone", "description": "D", "language": "en", "mode": "similarity", "enhance": "true"}
    form: dict[str, Any] = {"data": fields, "files": {"clip": CLIP.read_bytes()}}
    made = step("voices.clone", partial(CALLER.received, "POST", "/voices/clone", **form))
    shares = [{"id": TASK["voice"], "weight": 0.25}, {"id": TASK["other_voice"], "weight": 0.75}]
    mixed = step("voices.mix", partial(CALLER.received, "POST", "/voices/mix", json={"voices": shares}))
    features = {"name": "Made", "description": "", "language": "en"} | mixed
    step("voices.create", partial(CALLER.received, "POST", "/voices", json=features))
    empty = {"name": "Copy", "description": "", "embedding": [], "base_voice_id": TASK["other_voice"]}
    step("voices.create/empty", partial(CALLER.received, "POST", "/voices/", json=empty))
    target = {"voice_id": TASK["voice"], "name": "L", "description": "D", "language": "es"}
    target |= {"original_speaker_gender": "female", "dialect": "pe"}
    step("voices.localize", partial(CALLER.received, "POST", "/voices/localize", json=target))
    path = f"/voices/{made['id']}"
    step("voices.update", partial(CALLER.received, "PATCH", path, json={"name": "New", "description": "D2"}))
    step("voices.update/read", partial(CALLER.received, "GET", path))
    step("voices.clone/speaks", partial(CALLER.speech, voice={"mode": "id", "id": made["id"]}))
    own = partial(CALLER.received, "GET", "/voices?is_owner=true&limit=100")
    step("voices.list/mine", lambda: {"ids": [voice["id"] for voice in own()["data"]]})
    step("voices.delete", lambda: {"answer": CALLER.send("DELETE", path).content.decode() or None})
    step("voices.delete/read", partial(CALLER.received, "GET", path))


def tokens() -> None:
    """Make the steps of access tokens."""
    for family, other in (("tts", "stt"), ("stt", "tts")):
        name = f"auth.access_token/{family}"
        arguments = {"grants": {family: True}, "expires_in": 60}
        holder = Caller(step(name, partial(CALLER.received, "POST", "/access-token", json=arguments))["token"])
        calls: dict[str, Callable[[], dict[str, Any]]] = {"tts": holder.speech, "stt": holder.transcribed}
        step(f"{name}/granted", calls[family])
        step(f"{name}/other", calls[other])
        step(f"{name}/voices", partial(holder.received, "GET", f"/voices/{TASK['voice']}"))


def errors() -> None:
    """Make the steps of refusals and retries."""
    stranger, path, nobody = Caller("a stranger"), f"/voices/{TASK['voice']}", {"mode": "id", "id": TASK["nobody"]}
    step("errors/key", partial(stranger.received, "GET", path))
    step("errors/key/audio", stranger.speech)
    step("errors/key/upload", stranger.transcribed)
    step("errors/voice", partial(CALLER.speech, voice=nobody))
    step("errors/voice/stream", partial(CALLER.streamed, voice=nobody))
    step("errors/voice/path", partial(CALLER.received, "GET", f"/voices/{TASK['nobody']}"))
    step("errors/voice/odd", partial(CALLER.received, "GET", "/voices/a%20b%2Fc%3Fd"))
    step("errors/file", partial(CALLER.transcribed, content=b"no audio at all"))
    first = {letter: Caller(f"first plain {letter}", TASK["shaky_url"]) for letter in "abcd"}
    step("errors/throttled", first["a"].speech)
    step("errors/throttled/upload", first["b"].transcribed)
    step("retries", partial(first["c"].patient, "GET", path))
    step("retries/upload", partial(first["d"].patient, "POST", "/stt", **recording()))
    step("errors/midway", partial(Caller("dies", TASK["shaky_url"]).streamed, transcript=TASK["long"]))


for part in (methods, voices, tokens, errors):
    part()
