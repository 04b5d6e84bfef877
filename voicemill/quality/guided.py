"""Guided decoding: find which sentences of a passage are missing, repeated or replaced by other sounds.

The decoder does not recognize freely. It finds the path of the audio through a grammar of the passage's own sentences,
which costs a fraction of recognition and is exact about what is missing.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from voicemill.audio.recognition_level import RATE_HZ
from voicemill.model import Finding
from voicemill.quality.decoder import GuidedDecoder, SpokenWord
from voicemill.quality.grammar import Times, read

_UNCLEAR_SCORE: Final = -3.7
_UNCLEAR_S: Final = 1.0
_OTHER_SOUND_S: Final = 0.7
_STRETCHED_S: Final = 1.6
_STRETCHED_PHONE_S: Final = 0.16
"""A word with many phones, such as a year in digits, may take longer."""
_ACTIVE_BELOW_LEVEL_DB: Final = 25.0
_ABOVE_NOISE_DB: Final = 10.0
_NOISE_PERCENTILE: Final = 5.0
_VOWELS: Final = frozenset("aeiouy0123456789")
_ROMAN_NUMERAL: Final = re.compile(r"(?=..)x{0,3}(?:ix|iv|v?i{0,3})")
_QUOTED_WORDS: Final = 6

Floats = NDArray[np.float32]


def guided_findings(
    decoder: GuidedDecoder, samples: Floats, units: Sequence[Sequence[str]], allowed: frozenset[str] = frozenset()
) -> list[Finding]:
    """What is wrong with 16 kHz mono `samples`, which should say the words of `units` in order.

    How `allowed` words are said does not matter.
    """
    segments = decoder.decode(samples, units)
    words = [segment for segment in segments if segment.word]
    end_s = round(samples.size / RATE_HZ, 2)
    times = read([word.word for word in words], units)
    if times is None or not words:
        return [Finding("other_words", 0.0, end_s, "the audio does not follow the text")]
    judged = [word for word in words if word.word not in allowed and _has_known_sounds(word.word)]
    return [
        *_missing_and_repeated(words, times, units, end_s),
        *_unclear(judged),
        *_stretched(judged),
        *_other_sounds(segments, samples),
    ]


def _missing_and_repeated(
    words: Sequence[SpokenWord], times: Times, units: Sequence[Sequence[str]], end_s: float
) -> Iterator[Finding]:
    last_s = 0.0
    for number, (starts, unit) in enumerate(zip(times, units, strict=True)):
        if not starts:
            following = [words[later[0]].start_s for later in times[number + 1 :] if later]
            yield Finding("missing", last_s, following[0] if following else end_s, _quoted(unit))
            continue
        if len(starts) > 1:
            yield Finding("repeated", words[starts[1]].start_s, words[starts[1] + len(unit) - 1].end_s, _quoted(unit))
        last_s = words[starts[-1] + len(unit) - 1].end_s


def _has_known_sounds(word: str) -> bool:
    """Whether voices agree on how a word is said: not on `sh` and `hm`, nor on `iii`."""
    return (not word.isascii() or not _VOWELS.isdisjoint(word)) and not _ROMAN_NUMERAL.fullmatch(word)


def _unclear(words: Sequence[SpokenWord]) -> Iterator[Finding]:
    """The words in a row, a second of speech or more, whose sounds fit the text worst, if they fit badly."""
    worst, found = _UNCLEAR_SCORE, None
    first, spoken_s = 0, 0.0
    for last, word in enumerate(words):
        spoken_s += word.length_s
        while first < last and spoken_s - words[first].length_s >= _UNCLEAR_S:
            spoken_s -= words[first].length_s
            first += 1
        if spoken_s >= _UNCLEAR_S:
            score = mean_score(words[first : last + 1])
            if score < worst:
                worst, found = score, (first, last)
    if found is not None:
        first, last = found
        spoken = [word.word for word in words[first : last + 1]]
        yield Finding("unclear", words[first].start_s, words[last].end_s, _quoted(spoken))


def mean_score(words: Sequence[SpokenWord]) -> float:
    """The mean score per frame of words in a row."""
    seconds = sum(word.length_s for word in words)
    return sum(word.score * word.length_s for word in words) / max(seconds, 0.01)


def _stretched(words: Iterable[SpokenWord]) -> Iterator[Finding]:
    for word in words:
        if word.length_s > max(_STRETCHED_S, _STRETCHED_PHONE_S * word.phones):
            yield Finding("stretched", word.start_s, word.end_s, word.word)


def _other_sounds(segments: Sequence[SpokenWord], samples: Floats) -> Iterator[Finding]:
    """Sound where the text has a pause, above the noise of the recording."""
    hop = RATE_HZ // 100
    frames = samples[: samples.size // hop * hop].reshape(-1, hop)
    power = np.einsum("ij,ij->i", frames, frames) / hop
    noise = np.percentile(power, _NOISE_PERCENTILE) * 10 ** (_ABOVE_NOISE_DB / 10)
    active = power > max(np.mean(power) * 10 ** (-_ACTIVE_BELOW_LEVEL_DB / 10), min(noise, np.median(power)))
    for segment in segments:
        if not segment.word and active[round(segment.start_s * 100) : round(segment.end_s * 100)].sum() > (
            _OTHER_SOUND_S * 100
        ):
            yield Finding("other_sound", segment.start_s, segment.end_s)


def _quoted(words: Sequence[str]) -> str:
    rest = " …" if len(words) > _QUOTED_WORDS else ""
    return " ".join(words[:_QUOTED_WORDS]) + rest
