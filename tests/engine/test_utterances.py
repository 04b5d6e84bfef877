"""Long recordings are split before Whisper transcribes them."""

import numpy as np

from voicemill.engine.recognition.utterances import RATE_HZ, five_minute_excerpts


def test_long_recording_is_split_at_its_pauses() -> None:
    """Eleven minutes of noise with a pause every 20 s: every sample is kept, and every split lies in a pause."""
    recording = np.random.default_rng(0).uniform(-0.5, 0.5, 660 * RATE_HZ).astype(np.float32)
    in_cycle_s = np.arange(recording.size) / RATE_HZ % 20
    recording[in_cycle_s < 1.0] = 0.0
    found = list(five_minute_excerpts(np.array_split(recording, 97)))
    joined = np.concatenate([excerpt.samples for excerpt in found])
    assert np.array_equal(joined[: recording.size], recording)
    assert not joined[recording.size :].any()
    assert [excerpt.start for excerpt in found] == [0, *np.cumsum([excerpt.samples.size for excerpt in found])[:-1]]
    assert len(found) == 3
    assert all(excerpt.samples.size <= 300 * RATE_HZ for excerpt in found)
    assert all(0.0 < excerpt.start / RATE_HZ % 20 < 1.0 for excerpt in found[1:])
