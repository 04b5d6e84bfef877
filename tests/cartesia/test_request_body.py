"""Uploads: request format, bounded memory, and distinct errors for files and connections."""

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
from voicemill.cartesia.client import CartesiaClient
from voicemill.errors import CallError, Refused, Transient
from voicemill.model.audio_formats import AudioFormat

MIB = 1 << 20
WAV = AudioFormat("wav", 16000, "pcm_s16le")
MP3 = AudioFormat("mp3", 44100, bit_rate_bps=128000)
OK = Reply(200, (), b'{"text": "x", "id": "v", "name": "n"}')


async def form_of(method: str, *files: Any, **parameters: Any) -> tuple[Call, list[Part]]:
    """The request that a method sends, and the parts of its form."""
    family, _, name = method.partition(".")
    with HostileServer([OK]) as server:
        async with cartesia(server.url) as service:
            await getattr(getattr(service, family), name)(*files, **parameters)
        call = server.calls[0]
    return call, parts(call.headers["content-type"], call.body)


async def test_transcription_request_has_the_documented_form() -> None:
    """File, model, language and granularity are form fields; encoding and rate are in the query."""
    parameters: dict[str, Any] = {"language": "de", "word_timestamps": True, "encoding": "pcm_s16le"}
    call, form = await form_of("stt.transcribe", b"samples", sample_rate_hz=16000, **parameters)
    assert (call.method, call.path) == ("POST", "/stt?encoding=pcm_s16le&sample_rate=16000")
    assert fields(call.headers["content-type"], call.body) == [
        ("model", "ink-whisper"),
        ("language", "de"),
        ("timestamp_granularities[]", "word"),
    ]
    assert form[-1] == Part("file", "audio", "application/octet-stream", b"samples")
    assert call.headers["content-length"] == str(len(call.body))
    assert "transfer-encoding" not in call.headers


async def test_minimal_transcription_request() -> None:
    """Parameters that are not given are not sent."""
    call, form = await form_of("stt.transcribe", b"x")
    assert call.path == "/stt"
    assert [part.name for part in form] == ["model", "file"]


async def test_voice_change_request_has_the_documented_form() -> None:
    """Voice and format use names with brackets, and each container has its own fields."""
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
async def test_infill_request_has_the_documented_form(sides: tuple[str, ...]) -> None:
    """Either recording may be missing; the voice is `voice_id`, and its controls use brackets."""
    audio = {f"{side}_audio": side.encode() if side in sides else None for side in ("left", "right")}
    parameters: dict[str, Any] = {"model_id": "sonic-2", "language": "en", "transcript": "middle", "voice_id": SARAH}
    parameters |= {"output_format": WAV, "speed": "slowest", "emotion": ("surprise:high", "curiosity:high")}
    call, form = await form_of("infill.bytes", **audio, **parameters)
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


async def test_infill_without_recordings_is_an_error() -> None:
    """Without any recording a ValueError is raised, and no request is sent."""
    async with cartesia() as service:
        with pytest.raises(ValueError, match="both None"):
            await service.infill.bytes(
                left_audio=None, right_audio=None, model_id="sonic-2", transcript="x", voice_id=SARAH, output_format=WAV
            )


async def test_clone_request_has_the_documented_form() -> None:
    """Mode and enhancement are text fields of a form."""
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
async def test_file_name_is_not_sent(tmp_path: Path, name: str) -> None:
    """Only the extension of the file name is sent, and the content is unchanged."""
    path = tmp_path / name
    path.write_bytes(b"\r\n--boundary\x00" * 50)
    _, form = await form_of("stt.transcribe", path)
    assert form[-1].content == path.read_bytes()
    assert form[-1].file_name == f"audio{path.suffix}"


async def test_open_file_is_sent_and_not_closed() -> None:
    """A file object is read from its beginning, again at the next attempt, and is not closed."""
    file = io.BytesIO(b"opened by the caller")
    for _ in range(2):
        _, form = await form_of("stt.transcribe", file)
        assert form[-1].content == b"opened by the caller"
    assert not file.closed


async def test_huge_file_is_streamed(tmp_path: Path) -> None:
    """A sparse file of 128 MiB is sent in a few MiB of memory, with its length in the headers."""
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


async def test_pipe_is_sent_chunked(tmp_path: Path) -> None:
    """A pipe is sent completely, without a length."""
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
    """The error of uploading `path`."""
    async with listening(Sink()) as sink, cartesia(sink.url) as service:
        with pytest.raises(Refused) as caught:
            await service.stt.transcribe(path)
        assert (caught.value.__cause__, caught.value.__context__) == (None, None)
        assert not sink.head_received.is_set()
    assert found_in(everything_about(caught.value)) == []
    return caught.value


@pytest.mark.parametrize(("name", "why"), [("missing.wav", "No such file"), (".", "Is a directory"), ("\0", "null")])
async def test_unreadable_file_is_refused(tmp_path: Path, name: str, why: str) -> None:
    """It is refused with the reason before anything is sent, and is not retried."""
    error = await unreadable(tmp_path / name)
    assert (error.code, error.billed) == ("unreadable_file", "no")
    assert why in str(error)


async def test_file_that_shrinks_during_upload_is_refused(tmp_path: Path) -> None:
    """The call ends at once instead of at its deadline."""
    path = tmp_path / "shrinking.wav"
    path.write_bytes(bytes(64 * MIB))
    async with listening(Sink()) as sink, cartesia(sink.url) as service:
        call = asyncio.create_task(service.stt.transcribe(path))
        await sink.head_received.wait()
        path.write_bytes(b"cut")
        with pytest.raises(Refused, match="became shorter") as caught:
            await call
        await sink.gone.wait()
    assert caught.value.code == "unreadable_file"


async def test_file_that_grows_during_upload_is_sent_to_its_first_length(tmp_path: Path) -> None:
    """Bytes beyond the announced length are not sent."""
    path = tmp_path / "growing.wav"
    path.write_bytes(bytes(16 * MIB))
    async with listening(Sink()) as sink, cartesia(sink.url) as service:
        call = asyncio.create_task(service.stt.transcribe(path))
        await sink.head_received.wait()
        with path.open("ab") as file:
            file.write(bytes(MIB))
        await call
    assert sink.received == int(sink.headers["content-length"])


async def test_refusal_during_upload_is_read() -> None:
    """A response that arrives before the upload has ended is read."""
    refusal = b"HTTP/1.1 413 No\r\nContent-Length: 9\r\nConnection: close\r\n\r\nToo large"
    async with listening(Sink(refusal, answer_first=True)) as sink, cartesia(sink.url) as service:
        with pytest.raises(Refused, match="Too large") as caught:
            await service.stt.transcribe(bytes(8 * MIB))
    assert caught.value.status == 413
    assert found_in(everything_about(caught.value)) == []


async def test_upload_ends_at_its_deadline() -> None:
    """A service that never responds does not hold an upload beyond its deadline."""
    async with listening(Sink(b"")) as sink, cartesia(sink.url, deadline_s=1000) as service:
        with pytest.raises(Transient) as caught:
            await service.voice_changer.bytes(b"clip", voice_id=SARAH, output_format=WAV, deadline_s=1)
        await sink.gone.wait()
    assert caught.value.code == "deadline"


async def test_cancelled_upload_closes_its_connection(tmp_path: Path) -> None:
    """Cancelling an upload stops sending."""
    path = tmp_path / "long.wav"
    with path.open("wb") as file:
        file.truncate(2048 * MIB)
    async with listening(Sink()) as sink, cartesia(sink.url) as service:
        call = asyncio.create_task(service.stt.transcribe(path))
        await sink.head_received.wait()
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        await sink.gone.wait()
    assert sink.received < 2048 * MIB


async def test_upload_does_not_block_other_calls(tmp_path: Path) -> None:
    """While a pipe has no data, the event loop serves other calls."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)

    async def request_status(service: CartesiaClient) -> None:
        with pytest.raises(CallError):
            await service.api_status.get()

    async with listening(Sink()) as sink, cartesia(sink.url) as service:
        call = asyncio.create_task(service.stt.transcribe(pipe))
        try:
            await asyncio.wait_for(request_status(service), 20)
            assert not call.done()
        finally:
            await asyncio.to_thread(pipe.write_bytes, b"at last")
        await call
