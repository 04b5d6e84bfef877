"""The checks of the samples: silence, clipping, a cut end, a stuck sound and the speech rate."""

import numpy as np
import pytest

from tests.quality.sounds import Floats, speech_like
from voicemill.quality.signals import signal_findings

RATE_HZ = 16_000
TEXT = "The quick brown fox jumps over the lazy dog, and the dog does not mind at all."
SOUND = speech_like(5.0)


def _reasons(samples: Floats, text: str = TEXT) -> list[str]:
    return [finding.reason for finding in signal_findings(samples, RATE_HZ, text)]


def _at(second: float) -> int:
    return round(second * RATE_HZ)


_SILENCE = np.zeros(_at(2.0), np.float32)
_STUCK = np.tile(SOUND[_at(2.0) : _at(2.5)], 5)
_FAULTS = {
    "silent": SOUND * 0.0001,
    "long_silence": np.concatenate([SOUND[: _at(2.0)], _SILENCE, SOUND[_at(2.0) :]]),
    "clipped": np.clip(SOUND * 20, -1, 1),
    "truncated": SOUND[: _at(2.1)],
    "stuck": np.concatenate([SOUND[: _at(2.0)], _STUCK, SOUND[_at(2.5) :]]),
}


@pytest.mark.parametrize("side", [(-1.0, 0.5), (-0.5, 1.0)])
def test_clipping_of_one_side_is_found(side: tuple[float, float]) -> None:
    """Samples at full scale are counted below and above zero."""
    assert "clipped" in _reasons(np.clip(SOUND * 20, *side))


def test_plain_speech_has_no_findings() -> None:
    """Undamaged audio passes."""
    assert _reasons(SOUND) == []


@pytest.mark.parametrize("reason", _FAULTS)
def test_injected_faults_are_found(reason: str) -> None:
    """Each fault is found under its own name."""
    assert reason in _reasons(_FAULTS[reason])


@pytest.mark.parametrize("before_s", [0.4, 3.9, 7.0, 12.0])
def test_a_stuck_sound_is_located_anywhere_in_a_long_passage(before_s: float) -> None:
    """A repeated half second is found where it begins, also at the end of the audio."""
    speech = speech_like(before_s, seed=2)
    samples = np.concatenate([speech, np.tile(SOUND[_at(2.0) : _at(2.4)], 5)])

    [stuck] = [finding for finding in signal_findings(samples, RATE_HZ, TEXT) if finding.reason == "stuck"]

    assert before_s - 0.2 <= stuck.start_s <= before_s + 0.6
    assert before_s + 1.0 <= stuck.end_s <= before_s + 2.0


def test_a_fault_is_located() -> None:
    """A silence is reported with its start and end in seconds."""
    found = signal_findings(_FAULTS["long_silence"], RATE_HZ, TEXT)
    (silence,) = [finding for finding in found if finding.reason == "long_silence"]
    assert (silence.start_s, silence.end_s) == pytest.approx((2.0, 4.0), abs=0.1)


def test_a_requested_pause_is_not_a_fault() -> None:
    """A silence as long as a `<break>` of the text is expected."""
    assert _reasons(_FAULTS["long_silence"], TEXT + '<break time="2s"/>') == []


@pytest.mark.parametrize(("text", "reason"), [(TEXT * 3, "too_fast"), ("Twenty letters, eh.. ", "too_slow")])
def test_an_impossible_speech_rate_is_found(text: str, reason: str) -> None:
    """More characters a second than any voice says, or fewer, are bad."""
    assert reason in _reasons(np.concatenate([SOUND, SOUND]) if reason == "too_slow" else SOUND, text)
