"""Answers that HTTP calls good and that are not: none of them is ever accepted as speech."""

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
    """16-bit samples of anything that numpy takes for numbers."""
    return np.asarray(samples, "<i2").tobytes()


def ending(end: End, body: bytes = GOOD) -> Reply:
    """A good answer with another end."""
    return Reply(200, [("Content-Type", "audio/wav")], body, end)


@pytest.mark.parametrize("end", [End.WHOLE, End.CHUNKED, End.CLOSED, End.THEN_GONE])
async def test_whole_answers_are_accepted(end: End) -> None:
    """Whichever way HTTP gives the end, a whole answer is taken byte for byte."""
    with HostileServer([ending(end)]) as server:
        assert await accepted(server, deadline_s=20) == GOOD


@pytest.mark.parametrize("size", STREAM_SIZES, ids=hex)
@pytest.mark.parametrize("end", [End.WHOLE, End.CHUNKED])
async def test_a_streamed_wav_is_accepted_where_http_gives_its_end(end: End, size: int) -> None:
    """A header that leaves the size open is made good by the framing."""
    body = wav(GOOD[44:], RATE_HZ, claimed=size)
    with HostileServer([ending(end, body)]) as server:
        assert await accepted(server) == body


@pytest.mark.parametrize("size", STREAM_SIZES, ids=hex)
@pytest.mark.parametrize("end", [End.CLOSED, End.CLOSED_CUT])
async def test_an_end_that_nobody_gives_is_no_end(end: End, size: int) -> None:
    """With neither a size in the header nor one from HTTP, a whole body cannot be told from a cut one."""
    with HostileServer([ending(end, wav(GOOD[44:], RATE_HZ, claimed=size))]) as server, pytest.raises(Incomplete):
        await accepted(server)


@pytest.mark.parametrize("end", [*CUTS, End.HEADERS_CUT, End.HEADERS_RESET, End.NO_ANSWER])
async def test_no_cut_answer_is_accepted(end: End) -> None:
    """Wherever an answer is cut and whatever HTTP says about it, it is incomplete, and may have been paid for."""
    with HostileServer([ending(end)]) as server:
        with pytest.raises(Incomplete) as caught:
            await accepted(server)
        assert caught.value.billed == "unknown"
        assert caught.value.retryable
        assert len(server.calls) == 1


@pytest.mark.parametrize("end", [End.WHOLE, End.CHUNKED, End.CLOSED])
async def test_a_wav_cut_by_the_service_itself_is_not_accepted(end: End) -> None:
    """True framing around half of the audio is found by the audio: at any byte of the header and many of the rest."""
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
async def test_a_good_status_proves_nothing(body: bytes) -> None:
    """Bodies of all kinds that came with 200 are bad answers, or incomplete where bytes are missing."""
    refused = pytest.raises((BadAnswer, Incomplete))
    with HostileServer([Reply(200, [("Content-Type", "audio/wav")], body)]) as server, refused as caught:
        await accepted(server)
    assert len(str(caught.value)) < 300
    assert str(caught.value).isprintable()


@pytest.mark.parametrize("body", [NAN, wav(ONE_NAN.astype("<f4").tobytes(), RATE_HZ, "pcm_f32le")], ids=["all", "one"])
async def test_samples_that_are_no_numbers_are_a_bad_answer(body: bytes) -> None:
    """One NaN among good samples is enough: it would be a bang in every player."""
    with HostileServer([Reply(200, (), body)]) as server, pytest.raises(BadAnswer, match="no numbers"):
        await accepted(server, replace(CALL, encoding="pcm_f32le"))


@pytest.mark.parametrize("size", [0, 1, 2, 3, 5])
async def test_infinite_samples_are_a_bad_answer(size: int) -> None:
    """An infinity, of either sign and at any place, is no number."""
    samples = samples_for(CALL.transcript, RATE_HZ) / np.float32(32768)
    samples[size * 100] = -math.inf if size % 2 else math.inf
    body = wav(samples.astype("<f4").tobytes(), RATE_HZ, "pcm_f32le")
    with HostileServer([Reply(200, (), body)]) as server, pytest.raises(BadAnswer):
        await accepted(server, replace(CALL, encoding="pcm_f32le"))


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "zstd", "identity, gzip"])
async def test_compressed_answers_are_refused_unread(coding: str) -> None:
    """A body that would have to be inflated is never inflated: a bomb stays a small file."""
    bomb = gzip.compress(bytes(100_000_000))
    with HostileServer([Reply(200, [("Content-Encoding", coding)], bomb)]) as server:
        with pytest.raises(BadAnswer, match="compressed"):
            await accepted(server)
        assert server.calls[0].headers["accept-encoding"] == "identity"


async def test_a_compressed_refusal_is_still_a_refusal() -> None:
    """The status of a failure counts, also when its reason cannot be read."""
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
    ids=["1 MB header", "100,000 headers", "negative length", "length in words", "chunks that are none", "no header"],
)
async def test_headers_out_of_all_bounds_are_an_error_like_any(reply: Reply) -> None:
    """Headers that are too long, too many or nonsense end the attempt, which may be made again."""
    with HostileServer([reply]) as server, pytest.raises((Transient, Incomplete)):
        await accepted(server)


async def test_the_hostile_server_s_own_speech_differs_by_transcript() -> None:
    """The answers that these tests call right are right for their question only."""
    with HostileServer(speech) as server:
        first, second = [await accepted(server, replace(CALL, transcript=text)) for text in ("One.", "Two.")]
    assert first != second
