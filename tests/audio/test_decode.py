"""Decode recordings, also if their sample rate changes or they have many channels."""

import io
import struct

import numpy as np
import pytest

from voicemill.audio.decode import decode_all
from voicemill.audio.encode import encode
from voicemill.model.audio_formats import AudioFormat

RATE_HZ = 16000


def tone(seconds: float, rate_hz: int) -> bytes:
    """A tone as MP3."""
    samples = 0.3 * np.sin(np.arange(round(seconds * rate_hz)) * 2 * np.pi * 440 / rate_hz)
    return encode(samples.astype(np.float32), rate_hz, AudioFormat("mp3", rate_hz, bit_rate_bps=64000))


def test_a_recording_may_change_its_rate_on_the_way() -> None:
    """Two joined MP3 files with different sample rates keep their length and pitch."""
    spliced = tone(1.0, 44100) + tone(1.0, 24000)
    samples = decode_all(io.BytesIO(spliced), RATE_HZ)
    assert 1.9 < len(samples) / RATE_HZ < 2.3
    for part in (samples[RATE_HZ // 4 : RATE_HZ * 3 // 4], samples[-RATE_HZ * 3 // 4 : -RATE_HZ // 4]):
        spectrum = np.abs(np.fft.rfft(part))
        assert abs(int(spectrum.argmax()) * RATE_HZ / len(part) - 440) < 10


def test_more_channels_than_a_frame_has_room_for() -> None:
    """A WAV with 17 channels decodes to the mean of all of them."""
    frames = np.tile(np.arange(17, dtype="<i2") * 1000, (RATE_HZ, 1)).tobytes()
    layout = struct.pack("<HHIIHH", 1, 17, RATE_HZ, RATE_HZ * 34, 34, 16)
    chunks = b"WAVEfmt " + struct.pack("<I", len(layout)) + layout + b"data" + struct.pack("<I", len(frames)) + frames
    samples = decode_all(io.BytesIO(b"RIFF" + struct.pack("<I", len(chunks)) + chunks), RATE_HZ)
    assert samples.size == RATE_HZ
    assert samples[8000] == pytest.approx(8000 / 32768, abs=1e-3)
