"""Assertions about audio, words and timestamps."""

import re
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.recognizer import word_error_rate

QUIETEST_RMS = 0.01


def loud_enough(samples: NDArray[np.float32]) -> None:
    """Assert that the audio is finite, within full scale and not silent."""
    assert np.isfinite(samples).all()
    assert np.abs(samples).max() <= 1.0
    assert np.sqrt(np.mean(np.square(samples))) > QUIETEST_RMS


def same_words(said: str, recognized: str, most_wrong: float) -> None:
    """Assert that the word error rate is at most the given share."""
    assert word_error_rate(said, recognized) <= most_wrong, f"said {said!r}, recognized {recognized!r}"


def plain_words(text: str) -> list[str]:
    """The words of a text, in lower case without punctuation."""
    return re.findall(r"[\w']+", text.lower())


def in_order(times: list[dict[str, Any]], duration_s: float) -> None:
    """Assert that start times do not decrease, ends follow starts, and all lie inside the audio."""
    starts, ends = [time["start"] for time in times], [time["end"] for time in times]
    assert starts == sorted(starts)
    assert all(0 <= start < end for start, end in zip(starts, ends, strict=True))
    assert ends[-1] <= duration_s + 0.01


def columns(stamps: dict[str, Any], name: str) -> list[dict[str, Any]]:
    """Timestamps in columns as single entries."""
    rows = zip(stamps[name], stamps["start"], stamps["end"], strict=True)
    return [{"text": text, "start": start, "end": end} for text, start, end in rows]
