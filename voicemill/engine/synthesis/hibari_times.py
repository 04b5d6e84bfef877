"""When the Hibari model speaks each word and phoneme: from its durations and the silences in its samples."""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from voicemill.engine.synthesis.hibari_model import DURATION_SAMPLES, Rendering
from voicemill.engine.synthesis.pronunciation import PAUSES, SpokenToken

LEAD: Final = 3 * DURATION_SAMPLES
"""A phoneme sounds this many samples before the place that the model's durations give it."""
_FRAME: Final = 240
_SILENCE_FRAMES: Final = 8
_SILENCE_DB: Final = -34.0
"""The level of silence, relative to the loud frames of a phrase."""
_LATE: Final = 2 * DURATION_SAMPLES
"""A word may start this many samples after the silence before it."""
_STRESS: Final = frozenset("ˈˌ")
_IPA: Final = {
    "A": "eɪ",
    "I": "aɪ",
    "O": "oʊ",
    "W": "aʊ",
    "Y": "ɔɪ",
    "T": "ɾ",
    "ᵊ": "ə",
    "ᵻ": "ɪ",
    "ʤ": "dʒ",
    "ʧ": "tʃ",
}

Words = list[tuple[int, int, int]]
"""The offset and the length of each word in the text, and the sample at which it starts."""
Phonemes = list[tuple[str, int]]
"""Each phoneme in IPA and the sample at which it starts; an empty name marks a pause."""


def phrase_times(tokens: Sequence[SpokenToken], rendering: Rendering) -> tuple[Words, Phonemes]:
    """The words and phonemes of one phrase."""
    starts = np.maximum(0, np.cumsum([0, *rendering.durations]) - LEAD).tolist()
    words: Words = []
    phonemes: Phonemes = []
    index = 1
    for token in tokens:
        if token.offset is not None and token.phonemes.strip(" " + "".join(PAUSES)):
            words.append((token.offset, token.length, starts[index]))
        phonemes += _phonemes(token.phonemes, starts[index:])
        index += len(token.phonemes)
    pauses = _pauses(rendering.samples, [start for _, _, start in words], starts[index])
    marks = [*phonemes, *(("", first) for first, _ in pauses), ("", starts[index])]
    return _after_pauses(words, pauses), sorted(marks, key=lambda mark: (mark[1], mark[0] != ""))


def _phonemes(symbols: str, starts: Sequence[int]) -> Iterator[tuple[str, int]]:
    """Each phoneme and its start. A stress mark's time belongs to the phoneme after it."""
    stressed_at: int | None = None
    for symbol, start in zip(symbols, starts, strict=False):
        if symbol in _STRESS:
            stressed_at = start
        elif symbol in PAUSES:
            yield "", start
        elif symbol.isalpha():
            yield _IPA.get(symbol, symbol), start if stressed_at is None else stressed_at
            stressed_at = None


def _pauses(samples: NDArray[np.float32], word_starts: Sequence[int], end: int) -> list[tuple[int, int]]:
    """The silences before, between and after words; the model counts them as part of the phoneme before."""
    places = [*word_starts, end]
    return [(a, b) for a, b in _silences(samples) if any(a <= place <= b + _LATE for place in places)]


def _silences(samples: NDArray[np.float32]) -> list[tuple[int, int]]:
    """The first and the last sample of each silence of at least 80 ms."""
    frames = samples[: samples.size // _FRAME * _FRAME].reshape(-1, _FRAME)
    if not frames.size:
        return []
    levels_db = 10 * np.log10(np.square(frames, dtype=np.float64).mean(axis=1) + 1e-12)
    is_silent = levels_db < np.percentile(levels_db, 95) + _SILENCE_DB
    edges = np.flatnonzero(np.diff(np.pad(is_silent.astype(int), 1))).reshape(-1, 2)
    return [(int(a) * _FRAME, int(b) * _FRAME) for a, b in edges if b - a >= _SILENCE_FRAMES]


def _after_pauses(words: Words, pauses: Sequence[tuple[int, int]]) -> Words:
    """The words, each one whose start lies in a pause moved to the end of the pause."""
    moved: Words = []
    for (offset, length, start), following in pairwise([*words, (0, 0, 1 << 62)]):
        end = next((b for a, b in pauses if a <= start < b < following[2]), start)
        moved.append((offset, length, end))
    return moved
