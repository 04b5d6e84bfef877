"""Recordings are read as they are, also where they change on the way."""

import io

import numpy as np

from voicemill.audio.decode import decode_all
from voicemill.audio.encode import encode
from voicemill.model.audio_formats import AudioFormat

RATE_HZ = 16000


def tone(seconds: float, rate_hz: int) -> bytes:
    """A tone as MP3."""
    samples = 0.3 * np.sin(np.arange(round(seconds * rate_hz)) * 2 * np.pi * 440 / rate_hz)
    return encode(samples.astype(np.float32), rate_hz, AudioFormat("mp3", rate_hz, bit_rate_bps=64000))


def test_a_recording_may_change_its_rate_on_the_way() -> None:
    """Two MP3 files, one after the other in one: both are heard, in their length and pitch."""
    spliced = tone(1.0, 44100) + tone(1.0, 24000)
    samples = decode_all(io.BytesIO(spliced), RATE_HZ)
    assert 1.9 < len(samples) / RATE_HZ < 2.3
    for part in (samples[RATE_HZ // 4 : RATE_HZ * 3 // 4], samples[-RATE_HZ * 3 // 4 : -RATE_HZ // 4]):
        spectrum = np.abs(np.fft.rfft(part))
        assert abs(int(spectrum.argmax()) * RATE_HZ / len(part) - 440) < 10
