"""Invalid responses with status 200: none of them is accepted as speech."""

import gzip
import json
import math
from dataclasses import replace

import numpy as np
import pytest

from tests.cartesia.sending import CALL, accepted, accepted_of, cartesia
from tests.hostile_server import CUTS, End, HostileServer, Reply
from tests.hostile_speech import samples_for, speech, speech_for, wav
from voicemill.errors import BadAnswer, CallError, Incomplete, Transient

RATE_HZ = CALL.sample_rate_hz
GOOD = speech_for(CALL.transcript, RATE_HZ)
STREAM_SIZES = (0, 0x7FFFF000, 0x7FFFFFFF, 0xFFFFFFFF - 36, 0xFFFFFFFF)


def pcm(samples: object) -> bytes:
    """16-bit samples from anything that numpy converts."""
    return np.asarray(samples, "<i2").tobytes()


def ending(end: End, body: bytes = GOOD) -> Reply:
    """A valid response with another end."""
    return Reply(200, [("Content-Type", "audio/wav")], body, end)


@pytest.mark.parametrize("end", [End.WHOLE, End.CHUNKED, End.CLOSED, End.THEN_GONE])
async def test_complete_responses_are_accepted(end: End) -> None:
    """A complete response is accepted byte for byte, however HTTP marks its end."""
    with HostileServer([ending(end)]) as server:
        assert await accepted(server, deadline_s=20) == GOOD


@pytest.mark.parametrize("size", STREAM_SIZES, ids=hex)
@pytest.mark.parametrize("end", [End.WHOLE, End.CHUNKED])
async def test_streamed_wav_is_accepted_if_http_marks_its_end(end: End, size: int) -> None:
    """A WAV header without a size is accepted if HTTP marks the end."""
    body = wav(GOOD[44:], RATE_HZ, claimed=size)
    with HostileServer([ending(end, body)]) as server:
        assert await accepted(server) == body


@pytest.mark.parametrize("size", STREAM_SIZES, ids=hex)
@pytest.mark.parametrize("end", [End.CLOSED, End.CLOSED_CUT])
async def test_body_without_any_length_is_incomplete(end: End, size: int) -> None:
    """Without a size from the WAV header or from HTTP, a complete body cannot be distinguished from a broken one."""
    with HostileServer([ending(end, wav(GOOD[44:], RATE_HZ, claimed=size))]) as server, pytest.raises(Incomplete):
        await accepted(server)


@pytest.mark.parametrize("end", [*CUTS, End.HEADERS_CUT, End.HEADERS_RESET, End.NO_ANSWER])
async def test_truncated_responses_are_incomplete(end: End) -> None:
    """A response truncated at any place is incomplete and may be billed, whatever HTTP states."""
    with HostileServer([ending(end)]) as server:
        with pytest.raises(Incomplete) as caught:
            await accepted(server)
        assert caught.value.billed == "unknown"
        assert caught.value.retryable
        assert len(server.calls) == 1


@pytest.mark.parametrize("end", [End.WHOLE, End.CHUNKED, End.CLOSED])
async def test_wav_truncated_by_the_service_is_incomplete(end: End) -> None:
    """Half of a WAV with a correct length is recognized by its content, at any byte of the header and many others."""
    cuts = [*range(1, 60), *range(60, len(GOOD), len(GOOD) // 20), len(GOOD) - 2, len(GOOD) - 1]
    with HostileServer(lambda call: ending(end, GOOD[: cuts[call.number - 1]])) as server:
        async with cartesia(server.url) as service:
            for _ in cuts:
                with pytest.raises((Incomplete, BadAnswer)):
                    await accepted_of(service)
        assert len(server.calls) == len(cuts)


NAN = wav(np.full(RATE_HZ, math.nan, "<f4").tobytes(), RATE_HZ, "pcm_f32le")
ONE_NAN = np.append(samples_for(CALL.transcript, RATE_HZ) / np.float32(32768), np.float32(math.nan))
NOT_SPEECH = {
    "empty": b"",
    "one byte": b"R",
    "json error": json.dumps({"error": "Something went wrong"}).encode(),
    "web page": b"<!DOCTYPE html><html><body>Please log in</body></html>",
    "text": b"Internal error: try again",
    "noise": bytes(np.random.default_rng(1).integers(0, 256, 40_000, np.uint8)),
    "mp3": b"\xff\xfb\x90\x64" + bytes(40_000),
    "ogg": b"OggS" + bytes(40_000),
    "header alone": GOOD[:44],
    "no samples": wav(b"", RATE_HZ),
    "silence": wav(bytes(len(GOOD) - 44), RATE_HZ),
    "next to silence": wav(pcm(samples_for(CALL.transcript, RATE_HZ) // 1000), RATE_HZ),
    "wrong rate": wav(GOOD[44:], 2 * RATE_HZ),
    "wrong encoding": speech_for(CALL.transcript, RATE_HZ, "pcm_f32le"),
    "a-law": wav(bytes(range(256)) * 400, RATE_HZ, "pcm_alaw"),
    "stereo": GOOD[:22] + b"\x02" + GOOD[23:],
    "no channels": GOOD[:22] + b"\x00" + GOOD[23:],
    "0.01 s": wav(GOOD[44 : 44 + RATE_HZ // 100 * 2], RATE_HZ),
    "half a sample": wav(GOOD[44:-1], RATE_HZ),
    "4 GB claimed": wav(GOOD[44:], RATE_HZ, claimed=0xEE6B2800),
    "a header in front": b"HTTP/1.1 200 OK\r\n\r\n" + GOOD,
}


@pytest.mark.parametrize("body", NOT_SPEECH.values(), ids=NOT_SPEECH.keys())
async def test_status_200_with_a_wrong_body_is_an_error(body: bytes) -> None:
    """Wrong bodies with status 200 are bad answers, or incomplete if bytes are missing."""
    refused = pytest.raises((BadAnswer, Incomplete))
    with HostileServer([Reply(200, [("Content-Type", "audio/wav")], body)]) as server, refused as caught:
        await accepted(server)
    assert len(str(caught.value)) < 300
    assert str(caught.value).isprintable()


@pytest.mark.parametrize("body", [NAN, wav(ONE_NAN.astype("<f4").tobytes(), RATE_HZ, "pcm_f32le")], ids=["all", "one"])
async def test_nan_samples_are_a_bad_answer(body: bytes) -> None:
    """A single NaN among valid samples is a bad answer."""
    with HostileServer([Reply(200, (), body)]) as server, pytest.raises(BadAnswer, match="not numbers"):
        await accepted(server, replace(CALL, encoding="pcm_f32le"))


@pytest.mark.parametrize("size", [0, 1, 2, 3, 5])
async def test_infinite_samples_are_a_bad_answer(size: int) -> None:
    """An infinite sample, of either sign and at any position, is a bad answer."""
    samples = samples_for(CALL.transcript, RATE_HZ) / np.float32(32768)
    samples[size * 100] = -math.inf if size % 2 else math.inf
    body = wav(samples.astype("<f4").tobytes(), RATE_HZ, "pcm_f32le")
    with HostileServer([Reply(200, (), body)]) as server, pytest.raises(BadAnswer):
        await accepted(server, replace(CALL, encoding="pcm_f32le"))


@pytest.fixture(scope="module")
def bomb() -> bytes:
    """A small compressed body of 100 MB."""
    return gzip.compress(bytes(100_000_000))


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "zstd", "identity, gzip"])
async def test_compressed_responses_are_not_decompressed(coding: str, bomb: bytes) -> None:
    """A compressed body is refused without decompressing it."""
    with HostileServer([Reply(200, [("Content-Encoding", coding)], bomb)]) as server:
        with pytest.raises(BadAnswer, match="compressed"):
            await accepted(server)
        assert server.calls[0].headers["accept-encoding"] == "identity"


async def test_compressed_refusal_is_a_refusal() -> None:
    """The status of a failure counts, even if its message is compressed."""
    reply = Reply(404, [("Content-Encoding", "gzip")], gzip.compress(b"Not found: voice"))
    with HostileServer([reply]) as server, pytest.raises(CallError) as caught:
        await accepted(server)
    assert caught.value.status == 404
    assert str(caught.value).isprintable()


@pytest.mark.parametrize(
    "reply",
    [
        Reply(200, [("X-Long", "x" * 1_000_000)], GOOD),
        Reply(200, [(f"X-{number}", "x") for number in range(100_000)], GOOD),
        Reply(200, [("Content-Length", "-1")], GOOD),
        Reply(200, [("Content-Length", "seven")], GOOD),
        Reply(200, [("Transfer-Encoding", "chunked")], GOOD),
        Reply(200, [("Bad header\x00name", "x\ny")], GOOD),
    ],
    ids=["1 MB header", "100,000 headers", "negative length", "length in words", "invalid chunks", "no header"],
)
async def test_excessive_headers_are_a_retryable_error(reply: Reply) -> None:
    """Headers that are too long, too many or invalid end the attempt with a retryable error."""
    with HostileServer([reply]) as server, pytest.raises((Transient, Incomplete)):
        await accepted(server)


async def test_speech_of_the_hostile_server_depends_on_the_transcript() -> None:
    """Valid speech of the hostile server is valid only for its transcript."""
    with HostileServer(speech) as server:
        first, second = [await accepted(server, replace(CALL, transcript=text)) for text in ("One.", "Two.")]
    assert first != second
