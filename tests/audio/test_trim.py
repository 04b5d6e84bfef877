"""Context is trimmed from answers that contain it, and only from those."""

import numpy as np
import pytest

from voicemill.audio.trim import without_left, without_right

RATE_HZ = 8000
_DICE = np.random.default_rng(3)


def speechlike(length_s: float) -> "np.ndarray[tuple[int], np.dtype[np.float32]]":
    """Noise whose loudness rises and falls as speech does; no two are alike."""
    size = round(length_s * RATE_HZ)
    loudness = np.repeat(_DICE.uniform(0, 0.3, size // 800 + 1), 800)[:size]
    return (_DICE.standard_normal(size) * loudness).astype(np.float32)


LEFT, NEW, RIGHT = speechlike(5), speechlike(2), speechlike(4)


@pytest.mark.parametrize("noise", [0.0, 0.02])
@pytest.mark.parametrize("shift", [-200, 0, 200])
def test_context_is_trimmed(noise: float, shift: int) -> None:
    """Trimming is exact on one or both sides, even if the service shifts the context by 25 ms and encodes it."""
    moved = np.concatenate([np.zeros(max(0, shift), np.float32), LEFT[max(0, -shift) :]])
    whole = np.concatenate([moved, NEW, RIGHT])
    heard = (whole + _DICE.standard_normal(whole.size) * noise).astype(np.float32)
    alone = without_right(without_left(heard, LEFT, RATE_HZ), RIGHT, RATE_HZ)
    assert alone.size == NEW.size
    assert np.corrcoef(alone, NEW)[0, 1] > 0.9
    assert without_left(heard[: moved.size + NEW.size], LEFT, RATE_HZ).size == NEW.size


@pytest.mark.parametrize("left", [LEFT, LEFT[:4000], np.zeros(8000, np.float32), np.zeros(0, np.float32)])
def test_answer_without_context_is_not_changed(left: "np.ndarray[tuple[int], np.dtype[np.float32]]") -> None:
    """An answer of any length stays whole, whatever the context sounds like."""
    for answer in (NEW, np.concatenate([NEW, speechlike(8)])):
        assert without_left(answer, left, RATE_HZ) is answer
        assert np.array_equal(without_right(answer, left, RATE_HZ), answer)
