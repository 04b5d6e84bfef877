"""`say`, `transcribe`, `token` and the `voices` commands, with the embedded engine and with an API key."""

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.flows.commands import InThisProcess, run_process
from tests.flows.speech_service import SpeechService
from tests.hostile_server import HostileServer, Reply
from tests.hostile_speech import SARAH, error_reply
from voicemill.audio.wav_header import probe_wav


@pytest.fixture
def quick(capfd: pytest.CaptureFixture[str]) -> InThisProcess:
    """The command without a Prefect server."""
    return InThisProcess(capfd)


@pytest.fixture(autouse=True)
def _temporary_engine_data(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Store user-created voices of the engine in a temporary folder."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path_factory.mktemp("data")))


@pytest.fixture
def scripted_service(monkeypatch: pytest.MonkeyPatch) -> Iterator[HostileServer]:
    """A service with an API key that returns an empty object until a test sets its `script`."""
    with HostileServer([Reply(200, (), b"{}")]) as server:
        monkeypatch.setenv("CARTESIA_BASE_URL", server.url)
        monkeypatch.setenv("CARTESIA_API_KEY", "sk_car_first")
        yield server


def test_generated_speech_is_transcribed(quick: InThisProcess) -> None:
    """Without key, manifest and Prefect, `say` writes a file, and `transcribe` returns its text."""
    spoken = quick("say", "The boat is on the river.")
    assert (spoken.code, spoken.stdout) == (0, "speech.wav: Sarah, 1.5 s\n")
    assert spoken.stderr.startswith(
        "CARTESIA_API_KEY is not set: using the embedded engine, offline and free of charge."
    )
    assert probe_wav(Path("speech.wav").read_bytes()).sample_rate_hz == 44100
    transcript = quick("transcribe", "speech.wav")
    assert (transcript.code, transcript.stdout.count("\n")) == (0, 1)
    assert "river" in transcript.stdout
    as_json = quick("transcribe", "speech.wav", "--json")
    assert as_json.stderr == ""
    words = as_json.json["words"]
    assert as_json.json["text"] == transcript.stdout.strip() == " ".join(word["word"] for word in words)
    assert 0 <= words[0]["start_s"] < words[0]["end_s"] < as_json.json["duration_s"]


def test_say_with_a_key(quick: InThisProcess, service: SpeechService) -> None:
    """Voice, model and language are sent, the JSON describes the file, and an existing file is not overwritten."""
    Path("speech.wav").write_bytes(b"mine")
    result = quick("say", "Bonjour.", "--voice", "amélie", "--language", "fr", "--model", "sonic-3", "--json").json
    assert (result["file"], result["voice"], result["characters"]) == ("speech-2.wav", "Amélie", 8)
    assert result["duration_s"] == pytest.approx(probe_wav(Path("speech-2.wav").read_bytes()).duration_s, abs=0.01)
    request = next(call.json_body for call in service.server.calls if call.path == "/tts/bytes")
    assert (request["transcript"], request["language"], request["model_id"]) == ("Bonjour.", "fr", "sonic-3")
    assert Path("speech.wav").read_bytes() == b"mine"


def test_say_retries_transient_failures(quick: InThisProcess, service: SpeechService, fast_retries: Path) -> None:
    """A transient failure is retried; a permanent one ends the command with its reason and exit code."""
    service.replies["Once."] = lambda call: (
        error_reply(503, "Busy", "Later") if call.number < 3 else service.speaker(call)
    )
    assert quick("say", "Once.", "--profile", fast_retries).code == 0
    for status, code in ((400, 3), (401, 4), (402, 4), (500, 1)):
        service.replies["No."] = error_reply(status, "No", "Not this")
        ended = quick("say", "No.", "--profile", fast_retries)
        assert ended.code == code
        assert "Not this" in ended.stderr.splitlines()[-1]


@pytest.mark.parametrize("name", ["a.mp3", "a.pcm"])
def test_say_in_other_containers(quick: InThisProcess, name: str) -> None:
    """The file extension determines the container."""
    assert quick("say", "Hello.", "-o", name).code == 0
    assert (Path(name).read_bytes()[:1] == b"\xff") is name.endswith("mp3")


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["say", "x", "-o", "a.ogg"], "use .wav, .mp3 or .pcm"),
        (["say", "x", "-o", "no/such/folder/a.wav"], "no such folder: no/such/folder"),
        (["say", "x", "--voice", "Sahra"], "did you mean 'Sarah'"),
        (["transcribe", "missing.wav"], "does not exist"),
        (["token", "--expires-in", "3601"], "3600"),
        (["voices", "update", "Sarah"], "give --name, --description or --gender"),
        (["voices", "create", "New"], "give --embedding or --base"),
        (["voices", "mix", "Sarah=much"], "give a voice and a number"),
        (["voices", "get", "Nobody"], "there is no voice 'Nobody'"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_invalid_arguments_are_reported_with_a_remedy(quick: InThisProcess, arguments: list[str], why: str) -> None:
    """Invalid arguments end the command with exit code 2 and a remedy, and no file is written."""
    ended = quick(*arguments)
    assert ended.code == 2
    assert why in re.sub(r"\s+", " ", ended.stderr)
    assert list(Path.cwd().iterdir()) == []


def test_the_text_may_come_from_standard_input(quick: InThisProcess, monkeypatch: pytest.MonkeyPatch) -> None:
    """`say -` reads the text from standard input."""
    Path("text").write_text("From a file.")
    with Path("text").open() as text:
        monkeypatch.setattr(sys, "stdin", text)
        assert quick("say", "-", "--json").json["characters"] == 12


def test_only_the_token_is_printed(quick: InThisProcess, scripted_service: HostileServer) -> None:
    """The token is printed on one line for scripts; the JSON adds its grants and its lifetime."""
    scripted_service.script = [Reply(200, (), b'{"token": "a.b.c"}')]
    ended = quick("token", "--stt", "--expires-in", "60")
    assert (ended.code, ended.stdout, ended.stderr) == (0, "a.b.c\n", "")
    assert scripted_service.calls[-1].json_body == {"grants": {"stt": True}, "expires_in": 60}
    assert quick("token", "--json").json == {"token": "a.b.c", "grants": ["tts", "stt"], "expires_in_s": 600}


def test_a_token_of_the_embedded_engine(quick: InThisProcess) -> None:
    """Without a key the embedded engine creates the token."""
    assert re.fullmatch(r"[\w-]+\.[\w-]+\.[\w-]+\n", quick("token", "--tts").stdout)


def voices_json(quick: InThisProcess, *arguments: str | Path) -> Any:
    """The JSON output of a `voices` command."""
    ended = quick("voices", *arguments, "--json")
    assert ended.code == 0, ended.stderr
    return ended.json


def test_user_created_voices_are_stored(quick: InThisProcess) -> None:
    """Voices that one command mixes, creates, updates, localizes or deletes are visible to the next one."""
    Path("mix.json").write_text(quick("voices", "mix", "Sarah=1", "James=3").stdout)
    half = voices_json(quick, "create", "Half", "--embedding", "mix.json", "--description", "Of two")
    assert half["embedding"][:4] == json.loads(Path("mix.json").read_text())[:4]
    assert voices_json(quick, "update", "Half", "--name", "Third")["description"] == "Of two"
    options = ("--language", "es", "--speaker", "female", "--dialect", "mx")
    spanish = voices_json(quick, "localize", "Third", "Tercera", *options)
    assert (spanish["language"], spanish["gender"]) == ("es", "feminine")
    assert [voice["name"] for voice in voices_json(quick, "list", "--own")] == ["Third", "Tercera"]
    assert voices_json(quick, "get", half["id"])["name"] == "Third"
    assert "numbers (--json shows them)" in quick("voices", "get", "Third").stdout
    assert quick("say", "Hola.", "--voice", "Tercera", "-o", "hola.wav").code == 0
    for name in ("Third", "Tercera"):
        assert quick("voices", "delete", name).stdout.startswith(f"Deleted {name} (")
    assert voices_json(quick, "list", "--own") == []
    assert {voice["language"] for voice in voices_json(quick, "list", "--language", "de")} == {"de"}


def test_a_voice_is_cloned_from_a_file(quick: InThisProcess) -> None:
    """A recording is cloned to a user-created voice."""
    assert quick("say", "This is how I speak, and I speak like this.", "-o", "me.wav").code == 0
    mine = voices_json(quick, "clone", "me.wav", "Mine", "--mode", "stability", "--base", "Sarah")
    assert (mine["name"], mine["is_owner"]) == ("Mine", True)
    assert voices_json(quick, "delete", "Mine") == {"deleted": mine["id"], "name": "Mine"}


def test_public_voice_cannot_be_deleted(quick: InThisProcess) -> None:
    """Deleting a public voice fails with a reason and exit code 3."""
    ended = quick("voices", "delete", SARAH)
    assert ended.code == 3
    assert "only user-created voices" in ended.stderr


def test_creating_a_voice_is_not_retried(quick: InThisProcess, scripted_service: HostileServer) -> None:
    """A failed creation is not retried, because the voice may exist already."""
    scripted_service.script = lambda call: (
        error_reply(500, "Oops", "Broken") if call.method == "POST" else Reply(200, (), b"[]")
    )
    Path("embedding.json").write_text('{"embedding": [0.5]}')
    assert quick("voices", "create", "New", "--embedding", "embedding.json").code == 1
    assert [call.method for call in scripted_service.calls] == ["POST"]


def test_no_prefect_is_imported() -> None:
    """`voicemill token` does not import Prefect."""
    ended = run_process("token", environment={"PYTHONPROFILEIMPORTTIME": "1"})
    assert ended.code == 0
    assert "voicemill.errors" in ended.stderr
    assert not re.search(r"\| +prefect\b", ended.stderr)
