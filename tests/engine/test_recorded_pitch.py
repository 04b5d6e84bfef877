"""The pitch of noisy recordings, which voice conversion needs."""

import numpy as np
import pytest

from voicemill.engine.voice_analysis.measures import RATE_HZ, Floats, Samples, f0_contour
from voicemill.engine.voice_analysis.recorded_pitch import recorded_f0_contours

DURATION_S = 2.0
VOICED_S = (0.5, 1.5)


def contour(samples: Samples) -> Floats:
    """The whole contour."""
    return np.concatenate([*recorded_f0_contours(samples)])


def voice_in_noise() -> Samples:
    """A voice that glides from 180 to 220 Hz for a second, in noise and mains hum of 60 Hz."""
    times = np.arange(int(DURATION_S * RATE_HZ)) / RATE_HZ
    phase = 2 * np.pi * np.cumsum(180.0 + 40.0 * (times - VOICED_S[0])) / RATE_HZ
    voice = np.sum([np.sin(number * phase) / number for number in range(1, 16)], axis=0)
    voice = voice * ((times >= VOICED_S[0]) & (times < VOICED_S[1]))
    noise = np.random.default_rng(0).standard_normal(times.size)
    mixed: Samples = (0.1 * voice + 0.03 * noise + 0.01 * np.sin(2 * np.pi * 60 * times)).astype(np.float32)
    return mixed


def test_voice_in_noise_is_found() -> None:
    """Nine tenths of the voiced frames have the right pitch, more than with the faster method."""
    samples = voice_in_noise()
    pitch = contour(samples)
    times = np.arange(pitch.size) * 0.005
    expected = 180.0 + 40.0 * (times - VOICED_S[0])
    voiced = (times > VOICED_S[0] + 0.05) & (times < VOICED_S[1] - 0.05)
    right = np.abs(pitch / expected - 1) < 0.05
    assert right[voiced].mean() > 0.9
    assert (np.abs(f0_contour(samples)[: pitch.size] / expected - 1) < 0.05)[voiced].mean() < right[voiced].mean()


@pytest.mark.parametrize("samples", [0, 1, 100, 21 * RATE_HZ])
def test_silence_has_no_pitch(samples: int) -> None:
    """An empty, a short and a long silent recording have no voiced frame."""
    assert not contour(np.zeros(samples, np.float32)).any()


def test_blocks_of_a_long_recording_join_to_one_contour(monkeypatch: pytest.MonkeyPatch) -> None:
    """Split into blocks of a second instead of 20 s, a recording has as many frames, and most have the same pitch."""
    samples = voice_in_noise()
    whole = contour(samples)
    monkeypatch.setattr("voicemill.engine.voice_analysis.blocks._LONGEST_FRAMES", 200)
    blocks = [*recorded_f0_contours(samples)]
    split = np.concatenate(blocks)
    assert len(blocks) > 1
    assert split.size == whole.size
    assert (np.abs(split - whole) <= 0.05 * whole).mean() > 0.9
