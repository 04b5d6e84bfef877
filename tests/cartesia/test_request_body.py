"""Files on their way up: as the reference sends them, never whole in memory, and told apart when they fail."""

import asyncio
import gc
import io
import os
import threading
import tracemalloc
from pathlib import Path
from typing import Any

import pytest

from tests.cartesia.multipart_forms import Part, Sink, fields, listening, parts
from tests.cartesia.sending import cartesia
from tests.cartesia.test_key import everything_about, found_in
from tests.hostile_server import Call, HostileServer, Reply
from tests.hostile_speech import SARAH
from voicemill.audio.formats import AudioFormat
from voicemill.cartesia.client import CartesiaClient
from voicemill.errors import CallError, Refused, Transient

MIB = 1 << 20
WAV = AudioFormat("wav", 16000, "pcm_s16le")
MP3 = AudioFormat("mp3", 44100, bit_rate_bps=128000)
HEARD = Reply(200, (), b'{"text": "x", "id": "v", "name": "n"}')


async def form_of(method: str, *files: Any, **question: Any) -> tuple[Call, list[Part]]:
    """The request that a method sends, and its form."""
    family, _, name = method.partition(".")
    with HostileServer([HEARD]) as server:
        async with cartesia(server.url) as service:
            await getattr(getattr(service, family), name)(*files, **question)
        call = server.calls[0]
    return call, parts(call.headers["content-type"], call.body)


async def test_a_transcription_is_asked_as_the_reference_does() -> None:
    """File, model, language and granularity are parts of a form; encoding and rate are in the query."""
    question: dict[str, Any] = {"language": "de", "word_timestamps": True, "encoding": "pcm_s16le"}
    call, form = await form_of("stt.transcribe", b"samples", sample_rate_hz=16000, **question)
    assert (call.method, call.path) == ("POST", "/stt?encoding=pcm_s16le&sample_rate=16000")
    assert fields(call.headers["content-type"], call.body) == [
        ("model", "ink-whisper"),
        ("language", "de"),
        ("timestamp_granularities[]", "word"),
    ]
    assert form[-1] == Part("file", "audio", "application/octet-stream", b"samples")
    assert call.headers["content-length"] == str(len(call.body))
    assert "transfer-encoding" not in call.headers


async def test_a_plain_transcription_sends_no_more_than_it_must() -> None:
    """What is not given is left to the service."""
    call, form = await form_of("stt.transcribe", b"x")
    assert call.path == "/stt"
    assert [part.name for part in form] == ["model", "file"]


async def test_a_voice_change_is_asked_as_the_reference_does() -> None:
    """The voice and the format have names with brackets, each container its own fields."""
    call, form = await form_of("voice_changer.bytes", b"clip", voice_id=SARAH, output_format=MP3)
    assert (call.method, call.path) == ("POST", "/voice-changer/bytes")
    assert fields(call.headers["content-type"], call.body) == [
        ("voice[id]", SARAH),
        ("output_format[container]", "mp3"),
        ("output_format[sample_rate]", "44100"),
        ("output_format[bit_rate]", "128000"),
    ]
    assert (form[-1].name, form[-1].content) == ("clip", b"clip")


@pytest.mark.parametrize("sides", [("left", "right"), ("left",), ("right",)], ids="+".join)
async def test_an_infill_is_asked_as_the_reference_does(sides: tuple[str, ...]) -> None:
    """Either side may be missing; the voice is `voice_id`, its controls are in brackets."""
    audio = {f"{side}_audio": side.encode() if side in sides else None for side in ("left", "right")}
    question: dict[str, Any] = {"model_id": "sonic-2", "language": "en", "transcript": "middle", "voice_id": SARAH}
    question |= {"output_format": WAV, "speed": "slowest", "emotion": ("surprise:high", "curiosity:high")}
    call, form = await form_of("infill.bytes", **audio, **question)
    assert (call.method, call.path) == ("POST", "/infill/bytes")
    assert fields(call.headers["content-type"], call.body) == [
        ("model_id", "sonic-2"),
        ("transcript", "middle"),
        ("voice_id", SARAH),
        ("language", "en"),
        ("output_format[container]", "wav"),
        ("output_format[sample_rate]", "16000"),
        ("output_format[encoding]", "pcm_s16le"),
        ("voice[__experimental_controls][speed]", "slowest"),
        ("voice[__experimental_controls][emotion][]", "surprise:high"),
        ("voice[__experimental_controls][emotion][]", "curiosity:high"),
    ]
    assert {part.name: part.content for part in form if part.file_name} == {
        f"{side}_audio": side.encode() for side in sides
    }


async def test_an_infill_between_nothing_is_a_mistake() -> None:
    """Without any recording there is nothing to fit to, and nothing is sent."""
    async with cartesia() as service:
        with pytest.raises(ValueError, match="both None"):
            await service.infill.bytes(
                left_audio=None, right_audio=None, model_id="sonic-2", transcript="x", voice_id=SARAH, output_format=WAV
            )


async def test_a_clone_is_asked_as_the_reference_does() -> None:
    """Mode and enhancement are words in a form."""
    call, form = await form_of(
        "voices.clone", b"clip", name="N", language="en", description="D", enhance=True, base_voice_id=SARAH
    )
    assert (call.method, call.path) == ("POST", "/voices/clone")
    assert dict(fields(call.headers["content-type"], call.body)) == {
        "name": "N",
        "language": "en",
        "description": "D",
        "mode": "similarity",
        "base_voice_id": SARAH,
        "enhance": "true",
    }
    assert form[-1].content == b"clip"


@pytest.mark.parametrize("name", ["Sprache.flac", 'a"b\r\nX-Evil: 1.wav', "日本.mp3", "noext"])
async def test_a_name_on_disk_stays_on_disk(tmp_path: Path, name: str) -> None:
    """Only the ending of a file's name is sent, whatever is in it, and the content as it is."""
    path = tmp_path / name
    path.write_bytes(b"\r\n--boundary\x00" * 50)
    _, form = await form_of("stt.transcribe", path)
    assert form[-1].content == path.read_bytes()
    assert form[-1].file_name == f"audio{path.suffix}"


async def test_an_open_file_is_sent_and_stays_open() -> None:
    """A file object is the caller's: it is read from its beginning, again at the next attempt, and not closed."""
    file = io.BytesIO(b"opened by the caller")
    for _ in range(2):
        _, form = await form_of("stt.transcribe", file)
        assert form[-1].content == b"opened by the caller"
    assert not file.closed


async def test_a_huge_file_is_never_in_memory(tmp_path: Path) -> None:
    """A sparse file of 128 MiB goes up in a few MiB of memory, with its length announced."""
    path = tmp_path / "huge.wav"
    with path.open("wb") as file:
        file.truncate(128 * MIB)
    gc.collect()
    tracemalloc.start()
    try:
        async with listening(Sink()) as sink, cartesia(sink.url, deadline_s=0.001) as service:
            await service.stt.transcribe(path, deadline_s=100)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert sink.received == int(sink.headers["content-length"]) > 128 * MIB
    assert peak < 24 * MIB


async def test_a_pipe_goes_up_in_chunks(tmp_path: Path) -> None:
    """What has no length is sent without one, and whole."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writing = threading.Thread(target=pipe.write_bytes, args=(b"x" * MIB,))
    writing.start()
    async with listening(Sink()) as sink, cartesia(sink.url) as service:
        await service.stt.transcribe(pipe)
    writing.join()
    assert sink.headers["transfer-encoding"] == "chunked"
    assert "content-length" not in sink.headers
    assert MIB < sink.received < MIB + 2000


async def unreadable(path: Path) -> Refused:
    """The error that uploading `path` ends in."""
    async with listening(Sink()) as sink, cartesia(sink.url) as service:
        with pytest.raises(Refused) as caught:
            await service.stt.transcribe(path)
        assert (caught.value.__cause__, caught.value.__context__) == (None, None)
        assert not sink.heard.is_set()
    assert found_in(everything_about(caught.value)) == []
    return caught.value


@pytest.mark.parametrize(("name", "why"), [("missing.wav", "No such file"), (".", "Is a directory"), ("\0", "null")])
async def test_a_file_that_cannot_be_read_is_no_failure_of_the_network(tmp_path: Path, name: str, why: str) -> None:
    """It is refused once and for all, with the reason, before anything is sent."""
    error = await unreadable(tmp_path / name)
    assert (error.code, error.billed) == ("unreadable_file", "no")
    assert why in str(error)


async def test_a_file_that_shrinks_while_it_is_sent_says_so(tmp_path: Path) -> None:
    """Its length was announced already, so the call ends at once instead of at its deadline."""
    path = tmp_path / "shrinking.wav"
    path.write_bytes(bytes(64 * MIB))
    async with listening(Sink()) as sink, cartesia(sink.url) as service:
        asked = asyncio.create_task(service.stt.transcribe(path))
        await sink.heard.wait()
        path.write_bytes(b"cut")
        with pytest.raises(Refused, match="became shorter") as caught:
            await asked
        await sink.gone.wait()
    assert caught.value.code == "unreadable_file"


async def test_a_file_that_grows_is_sent_as_it_was(tmp_path: Path) -> None:
    """What is written behind the announced length is left out."""
    path = tmp_path / "growing.wav"
    path.write_bytes(bytes(16 * MIB))
    async with listening(Sink()) as sink, cartesia(sink.url) as service:
        asked = asyncio.create_task(service.stt.transcribe(path))
        await sink.heard.wait()
        with path.open("ab") as file:
            file.write(bytes(MIB))
        await asked
    assert sink.received == int(sink.headers["content-length"])


async def test_a_refusal_before_the_end_of_the_upload_is_heard() -> None:
    """A service that answers before it has heard everything is understood."""
    refusal = b"HTTP/1.1 413 No\r\nContent-Length: 9\r\nConnection: close\r\n\r\nToo large"
    async with listening(Sink(refusal, answer_first=True)) as sink, cartesia(sink.url) as service:
        with pytest.raises(Refused, match="Too large") as caught:
            await service.stt.transcribe(bytes(8 * MIB))
    assert caught.value.status == 413
    assert found_in(everything_about(caught.value)) == []


async def test_an_upload_ends_at_its_own_deadline() -> None:
    """A service that never answers an upload does not hold it forever."""
    async with listening(Sink(b"")) as sink, cartesia(sink.url, deadline_s=1000) as service:
        with pytest.raises(Transient) as caught:
            await service.voice_changer.bytes(b"clip", voice_id=SARAH, output_format=WAV, deadline_s=1)
        await sink.gone.wait()
    assert caught.value.code == "deadline"


async def test_a_cancelled_upload_closes_its_connection(tmp_path: Path) -> None:
    """Whoever stops waiting stops sending."""
    path = tmp_path / "long.wav"
    with path.open("wb") as file:
        file.truncate(2048 * MIB)
    async with listening(Sink()) as sink, cartesia(sink.url) as service:
        asked = asyncio.create_task(service.stt.transcribe(path))
        await sink.heard.wait()
        asked.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asked
        await sink.gone.wait()
    assert sink.received < 2048 * MIB


async def test_other_calls_go_on_beside_an_upload(tmp_path: Path) -> None:
    """While a pipe is waited for, the event loop serves others."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)

    async def ask_beside(service: CartesiaClient) -> None:
        with pytest.raises(CallError):
            await service.api_status.get()

    async with listening(Sink()) as sink, cartesia(sink.url) as service:
        asked = asyncio.create_task(service.stt.transcribe(pipe))
        try:
            await asyncio.wait_for(ask_beside(service), 20)
            assert not asked.done()
        finally:
            await asyncio.to_thread(pipe.write_bytes, b"at last")
        await asked
