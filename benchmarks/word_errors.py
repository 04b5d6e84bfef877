"""Word error rates of English text with 95 % intervals, and transcripts by Whisper base."""

import random
import warnings
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path
from typing import Final

import jiwer
import numpy as np
from numpy.typing import NDArray

from benchmarks.recognizer import read
from voicemill.engine.recognition.whisper import Whisper

_RESAMPLES: Final = 1000

Pairs = list[tuple[str, str]]
"""The text and the transcript of each recording."""


def normalized(text: str) -> str:
    """English text as OpenAI normalizes it before counting errors: numbers, spelling and punctuation made alike."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from whisper_normalizer.english import EnglishTextNormalizer
    result: str = EnglishTextNormalizer()(text)
    return result


def error_rate(pairs: Pairs) -> float:
    """The share of wrong words, in normalized text."""
    return _rate([(normalized(reference), normalized(transcript)) for reference, transcript in pairs])


def error_rate_line(pairs: Pairs) -> str:
    """The word error rate with a bootstrap interval over recordings, and the number of words."""
    return grouped_error_rate_line([[pair] for pair in pairs])


def grouped_error_rate_line(groups: Sequence[Pairs]) -> str:
    """The same for groups of recordings that have an origin in common: the interval is over the groups."""
    alike = [[(normalized(reference), normalized(transcript)) for reference, transcript in group] for group in groups]
    draw = random.Random(0)
    samples = sorted(_rate(_joined([draw.choice(alike) for _ in alike])) for _ in range(_RESAMPLES))
    low, high = samples[_RESAMPLES // 40], samples[-_RESAMPLES // 40]
    words = sum(len(text.split()) for text, _ in _joined(alike))
    return f"word error rate {_rate(_joined(alike)):6.1%}  ({low:.1%} to {high:.1%}, {words} words)"


def recognized_words(before: str, passage: str, after: str, transcript: str) -> tuple[int, int]:
    """The number of words of `passage` that the transcript of the whole has in their place, and of all its words."""
    left, middle, right = (normalized(text).split() for text in (before, passage, after))
    first, last = len(left), len(left) + len(middle)
    aligned = jiwer.process_words(" ".join([*left, *middle, *right]), normalized(transcript)).alignments[0]
    equal = [chunk for chunk in aligned if chunk.type == "equal"]
    found = sum(max(0, min(chunk.ref_end_idx, last) - max(chunk.ref_start_idx, first)) for chunk in equal)
    return found, last - first


def whisper_transcript(audio: Path | NDArray[np.float32]) -> str:
    """The transcript of a file, or of mono samples at 16 kHz, by Whisper base."""
    samples = read(audio) if isinstance(audio, Path) else audio
    return " ".join(segment.text for segment in _whisper().transcribe([samples], "en"))


@cache
def _whisper() -> Whisper:
    return Whisper()


def _joined(groups: Iterable[Pairs]) -> Pairs:
    return [pair for group in groups for pair in group]


def _rate(pairs: Pairs) -> float:
    return float(jiwer.wer([expected for expected, _ in pairs], [found for _, found in pairs]))
