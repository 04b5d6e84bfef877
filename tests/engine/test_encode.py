"""The shared encoder: block by block, in bounded memory, with reproducible bytes."""

import io
import tracemalloc
from pathlib import Path

import av
import numpy as np
import pytest

from voicemill.audio import encode as encoding
from voicemill.audio.decode import UndecodableAudio, decode, decode_all
from voicemill.audio.encode import Encoder, encode
from voicemill.model.audio_formats import ENCODINGS, AudioFormat

RATE = 24_000
TONE = (0.5 * np.sin(2 * np.pi * 440 * np.arange(3 * RATE) / RATE)).astype(np.float32)
FORMATS = [AudioFormat("wav", RATE, encoding) for encoding in ENCODINGS]  # type: ignore[arg-type]
FORMATS += [AudioFormat("raw", 44100, "pcm_s16le"), AudioFormat("mp3", RATE, bit_rate_bps=64000)]


@pytest.mark.parametrize("format", FORMATS, ids=str)
@pytest.mark.parametrize("block", [1000, 7777])
def test_block_size_does_not_change_the_file(format: AudioFormat, block: int, tmp_path: Path) -> None:
    """In memory or at a path; the duration is that of the samples."""
    path = tmp_path / "file"
    with path.open("wb") as file, Encoder(file, format, RATE) as encoder:
        for start in range(0, TONE.size, block):
            encoder.write(TONE[start : start + block])
    assert encoder.duration_s == pytest.approx(3.0, abs=0.001)
    assert path.read_bytes() == encode(TONE, RATE, format)


def test_16_bit_samples_stay_unchanged() -> None:
    """16-bit samples are written exactly, and the WAV has the canonical 44-byte header."""
    samples = (TONE * 32767).astype(np.int16)
    raw = encode(samples, RATE, AudioFormat("raw", RATE, "pcm_s16le"))
    assert raw == samples.tobytes()
    wav = encode(samples, RATE, AudioFormat("wav", RATE, "pcm_s16le"))
    assert wav[44:] == raw
    assert wav[36:40] == b"data"


def test_samples_beyond_full_scale_are_clipped_not_wrapped() -> None:
    """They become full scale."""
    loud = np.array([2.0, -2.0, 1.0, -1.0], np.float32)
    raw = np.frombuffer(encode(loud, RATE, AudioFormat("raw", RATE, "pcm_s16le")), "<i2")
    assert raw.tolist() == [32767, -32768, 32767, -32768]


@pytest.mark.parametrize("rate", [8000, 44100, 48000])
def test_resampling_keeps_tone_and_length(rate: int) -> None:
    """The length at the other rate is exact to one sample."""
    back = decode_all(io.BytesIO(encode(TONE, RATE, AudioFormat("wav", rate, "pcm_f32le"))), RATE)
    assert back.size == pytest.approx(TONE.size, abs=2)
    middle = slice(RATE, 2 * RATE)
    assert np.abs(back[middle] - TONE[middle]).max() < 0.01


def test_wav_over_4_gib_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The error says what to do instead; raw audio has no limit."""
    monkeypatch.setattr(encoding, "WAV_LIMIT_BYTES", 100_000)
    with pytest.raises(ValueError, match=r"cannot be longer than 4 GiB.*Choose mp3, or split"):
        encode(TONE, RATE, AudioFormat("wav", RATE, "pcm_s16le"))
    assert len(encode(TONE, RATE, AudioFormat("raw", RATE, "pcm_s16le"))) == 2 * TONE.size


def test_memory_does_not_grow_with_length(tmp_path: Path) -> None:
    """Five minutes are written and read within a few megabytes of Python memory."""
    tracemalloc.start()
    wav = AudioFormat("wav", RATE, "pcm_s16le")
    with (tmp_path / "long.wav").open("wb") as file, Encoder(file, wav, RATE) as encoder:
        for _ in range(100):
            encoder.write(TONE)
    read = sum(block.size for block in decode(tmp_path / "long.wav", 16000))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert read == pytest.approx(300 * 16000, abs=10)
    assert peak < 8_000_000


def test_no_samples_give_a_valid_empty_file() -> None:
    """The header is valid; decoding the file reports that it has no audio."""
    empty = encode(np.zeros(0, np.float32), RATE, AudioFormat("wav", RATE, "pcm_s16le"))
    assert len(empty) == 44
    with pytest.raises(UndecodableAudio, match="no audio"):
        decode_all(io.BytesIO(empty), RATE)


def test_channels_are_averaged() -> None:
    """A tone in the left channel only has half the amplitude."""
    file = io.BytesIO()
    with av.open(file, "w", format="wav") as container:
        stream = container.add_stream("pcm_s16le", rate=RATE, layout="stereo")
        frame = av.AudioFrame.from_ndarray(np.stack([TONE, 0 * TONE]).T.reshape(1, -1).copy(), "flt", "stereo")
        frame.sample_rate = RATE
        for packet in [*stream.encode(frame), *stream.encode(None)]:
            container.mux(packet)
    assert np.abs(decode_all(io.BytesIO(file.getvalue()), RATE) - TONE / 2).max() < 0.001
