"""Responses have the requested container, encoding, sample rate and bit rate."""

import io
import struct

import av
import httpx
import numpy as np
import pytest

from tests.engine.measures import floats, level_db
from tests.engine.requests import FLOAT, SENTENCE, speech, speech_body, wire
from voicemill.audio.decode import decode_all
from voicemill.model.audio_formats import BIT_RATES_BPS, BYTES_PER_SAMPLE, ENCODINGS, SAMPLE_RATES_HZ, AudioFormat

UNCOMPRESSED = [
    AudioFormat(container, rate, encoding)  # type: ignore[arg-type]
    for container in ("wav", "raw")
    for rate in SAMPLE_RATES_HZ
    for encoding in ENCODINGS
]
TEXT = "Nine men were walking."
TEXT_S = 1.565
"""The duration of the test sentence in seconds."""
MP3 = [AudioFormat("mp3", rate, bit_rate_bps=bps) for rate in SAMPLE_RATES_HZ for bps in BIT_RATES_BPS]
CONTENT_TYPES = {"wav": "audio/wav", "raw": "application/octet-stream", "mp3": "audio/mpeg"}


def name(format: AudioFormat) -> str:
    """A test id."""
    return f"{format.container}-{format.sample_rate_hz}-{format.encoding or format.bit_rate_bps}"


async def answer(api: httpx.AsyncClient, format: AudioFormat, text: str = TEXT) -> bytes:
    """One sentence in a format; asserts the Content-Type."""
    response = await api.post("/tts/bytes", json=speech_body(text, output_format=wire(format)))
    assert response.status_code == 200, response.text
    assert response.headers["content-type"] == CONTENT_TYPES[format.container]
    assert int(response.headers["content-length"]) == len(response.content)
    return response.content


@pytest.mark.parametrize("format", [f for f in UNCOMPRESSED if f.container == "wav"], ids=name)
async def test_wav_header_matches_the_samples(api: httpx.AsyncClient, format: AudioFormat) -> None:
    """Sizes, rate, encoding and channels in the header are correct."""
    body = await answer(api, format)
    with av.open(io.BytesIO(body), "r") as container:
        stream = container.streams.audio[0]
        assert (stream.codec.name, stream.rate, stream.channels) == (format.encoding, format.sample_rate_hz, 1)
    assert body[:4] == b"RIFF"
    assert struct.unpack("<I", body[4:8])[0] == len(body) - 8
    at = body.index(b"data")
    claimed = struct.unpack("<I", body[at + 4 : at + 8])[0]
    assert claimed in (len(body) - at - 8, len(body) - at - 9)
    if format.encoding == "pcm_s16le":
        assert at == 36
    assert claimed / BYTES_PER_SAMPLE[str(format.encoding)] / format.sample_rate_hz == pytest.approx(TEXT_S, abs=0.01)


@pytest.mark.parametrize("format", [f for f in UNCOMPRESSED if f.container == "raw"], ids=name)
async def test_raw_equals_the_samples_of_the_wav(api: httpx.AsyncClient, format: AudioFormat) -> None:
    """The raw body has the same bytes as the data of the WAV."""
    raw = await answer(api, format)
    wav = await answer(api, AudioFormat("wav", format.sample_rate_hz, format.encoding))
    start = wav.index(b"data") + 8
    assert raw == wav[start : start + len(raw)]
    assert len(wav) - start - len(raw) in (0, 1)


@pytest.mark.parametrize("format", MP3, ids=name)
async def test_mp3_has_the_duration_of_the_speech(api: httpx.AsyncClient, format: AudioFormat) -> None:
    """The MP3 decodes to the duration at its rate and starts with a frame instead of a tag."""
    body = await answer(api, format, SENTENCE)
    samples = decode_all(io.BytesIO(body), format.sample_rate_hz)
    exact = len(await speech(api, output_format={**FLOAT, "sample_rate": format.sample_rate_hz})) / 4
    assert body[0] == 0xFF
    assert samples.size == pytest.approx(exact, abs=2)
    assert level_db(samples) == pytest.approx(-23, abs=4)
    with av.open(io.BytesIO(body), "r") as container:
        rate = container.streams.audio[0].rate
        assert rate == format.sample_rate_hz
    most = 64000 if rate == 8000 else 160000 if rate <= 24000 else 192000
    assert len(body) * 8 / (exact / rate) == pytest.approx(min(int(format.bit_rate_bps or 0), most), rel=0.12)


@pytest.mark.parametrize("rate", SAMPLE_RATES_HZ)
async def test_speech_is_audible_and_clean_at_every_rate(api: httpx.AsyncClient, rate: int) -> None:
    """No rate gives silence, clipping or values that are not finite."""
    samples = floats(await speech(api, TEXT, output_format={**FLOAT, "sample_rate": rate}))
    assert np.isfinite(samples).all()
    assert np.abs(samples).max() < 0.99
    assert level_db(samples) == pytest.approx(-23, abs=4)


async def test_unused_format_fields_are_accepted(api: httpx.AsyncClient) -> None:
    """SDKs send an empty encoding with mp3 and a bit rate with wav."""
    mp3 = {"container": "mp3", "sample_rate": 44100, "bit_rate": 128000, "encoding": ""}
    wav = {"container": "wav", "sample_rate": 44100, "encoding": "pcm_s16le", "bit_rate": 128000}
    assert (await speech(api, TEXT, output_format=mp3))[:1] == b"\xff"
    assert (await speech(api, TEXT, output_format=wav))[:4] == b"RIFF"


async def test_long_transcript_is_complete(api: httpx.AsyncClient) -> None:
    """Six thousand characters become one file of several minutes."""
    narrow = {"container": "wav", "sample_rate": 8000, "encoding": "pcm_mulaw"}
    body = await speech(api, " ".join([SENTENCE] * 88), output_format=narrow)
    assert len(" ".join([SENTENCE] * 88)) > 6000
    once = len(await speech(api, output_format=narrow))
    assert len(body) == pytest.approx(88 * once, rel=0.1)
