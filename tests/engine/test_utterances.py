"""Long recordings are cut for a Whisper model, which would have them in memory whole."""

import numpy as np

from voicemill.engine.recognition.utterances import RATE_HZ, stretches


def test_a_long_recording_comes_in_stretches_that_end_in_its_pauses() -> None:
    """Eleven minutes of noise with a pause every twenty seconds: nothing is lost, and no cut lies in the noise."""
    recording = np.random.default_rng(0).uniform(-0.5, 0.5, 660 * RATE_HZ).astype(np.float32)
    in_cycle_s = np.arange(recording.size) / RATE_HZ % 20
    recording[in_cycle_s < 1.0] = 0.0
    found = list(stretches(np.array_split(recording, 97)))
    joined = np.concatenate([heard.samples for heard in found])
    assert np.array_equal(joined[: recording.size], recording)
    assert not joined[recording.size :].any()
    assert [heard.start for heard in found] == [0, *np.cumsum([heard.samples.size for heard in found])[:-1]]
    assert len(found) == 3
    assert all(heard.samples.size <= 300 * RATE_HZ for heard in found)
    assert all(0.0 < heard.start / RATE_HZ % 20 < 1.0 for heard in found[1:])
