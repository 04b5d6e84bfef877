"""Quality flags: signs of a recognition error in a transcript. They are reported and do not fail a row."""

from collections.abc import Sequence

import numpy as np

from voicemill.model import Transcript, Word
from voicemill.text.word_error_rate import tokens

_LONGEST_PHRASE = 10
_REPEATS = 4
_REPEATED_WORDS = 8
_QUICKEST_WORDS_PER_S = 8.0
"""Fast speech has five or six words per second, or nine Chinese or Japanese characters, which count as words."""
_QUICKEST_LETTERS_PER_S = 16.0
_WORDS_AT_ONCE = 12


def quality_flags(transcript: Transcript, found_language: str, recognizer_flags: Sequence[str] = ()) -> tuple[str, ...]:
    """The flags: `empty`, `looping`, `speech_rate`, `language` (not the requested one), `untimed`.

    `recognizer_flags` are those that the recognizer itself reported; they follow.
    """
    spoken = tokens(transcript.text)
    if not spoken:
        return ("empty", *recognizer_flags)
    flags = {
        "looping": is_looping(spoken),
        "speech_rate": _is_hurried(transcript.words),
        "language": _differ(found_language, transcript.language),
        "untimed": not transcript.words,
    }
    return (*(name for name, is_set in flags.items() if is_set), *recognizer_flags)


def is_looping(spoken: Sequence[str]) -> bool:
    """Whether a phrase of up to ten words is repeated four times in a row, with at least eight words in total."""
    numbers = {word: number for number, word in enumerate(dict.fromkeys(spoken))}
    words = np.array([numbers[word] for word in spoken])
    return any(
        _longest_run(words[length:] == words[:-length]) >= max((_REPEATS - 1) * length, _REPEATED_WORDS - length)
        for length in range(1, min(_LONGEST_PHRASE, len(words) - 1) + 1)
    )


def _longest_run(truths: "np.ndarray[tuple[int], np.dtype[np.bool_]]") -> int:
    edges = np.flatnonzero(np.diff(np.concatenate(([False], truths, [False])).astype(np.int8)))
    return int((edges[1::2] - edges[::2]).max(initial=0))


def _is_hurried(words: Sequence[Word]) -> bool:
    if len(words) < _WORDS_AT_ONCE:
        return False
    starts = np.array([word.start_s for word in words])
    ends = np.array([word.end_s for word in words])
    spans_s = ends[_WORDS_AT_ONCE - 1 :] - starts[: len(starts) - _WORDS_AT_ONCE + 1]
    letters = np.median([len(word.word.strip()) for word in words]) <= 1
    limit = _QUICKEST_LETTERS_PER_S if letters else _QUICKEST_WORDS_PER_S
    return bool((spans_s < _WORDS_AT_ONCE / limit).any())


def _differ(found: str, requested: str) -> bool:
    """Whether two codes differ. Only codes are compared, because a service may return a language's name."""
    return 2 <= len(found) <= 3 and 2 <= len(requested) <= 3 and found.casefold() != requested.casefold()
