"""Word and phoneme timestamps of a passage, from the synthesizer's events."""

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import Final, NamedTuple

from voicemill.engine.synthesis.utterance import Utterance

# Languages without spaces between words: each character counts as a word.
UNSPACED: Final = frozenset({"zh", "ja", "th"})
_SPACED_WORD: Final = re.compile(r"\S+")
_CHARACTER: Final = re.compile(r"\w", re.UNICODE)
_EDGES: Final = re.compile(r"^\W+|\W+$", re.UNICODE)
_SWITCH: Final = re.compile(r"\(.*\)")


class Timed(NamedTuple):
    """A word or phoneme from `start_s` to `end_s`."""

    text: str
    start_s: float
    end_s: float


def word_times(text: str, language: str, utterance: Utterance) -> list[Timed]:
    """Every word of `text`, in order, without gaps except for pauses.

    A word without an event gets a share of its neighbors' time in proportion to its length.
    """
    words = list(_words(text, language))
    if not words:
        return []
    starts = _filled([_event_start(word, utterance) for word in words], words, utterance)
    pauses = sorted(sample for name, sample in utterance.phonemes if not name)
    rate = utterance.sample_rate_hz
    found = []
    for word, (start, following) in zip(words, pairwise([*starts, utterance.samples.size]), strict=True):
        end = min([following, *(pause for pause in pauses if pause > start)][:2])
        found.append(Timed(_EDGES.sub("", word.group()), start / rate, max(end, start) / rate))
    return found


def phoneme_times(utterance: Utterance) -> list[Timed]:
    """Every phoneme that the synthesizer reported, in IPA."""
    rate = utterance.sample_rate_hz
    events = [*utterance.phonemes, ("", utterance.samples.size)]
    return [
        Timed(name, start / rate, end / rate)
        for (name, start), (_, end) in pairwise(events)
        if name and not _SWITCH.fullmatch(name)
    ]


def _words(text: str, language: str) -> Iterator[re.Match[str]]:
    pattern = _CHARACTER if language in UNSPACED else _SPACED_WORD
    return (match for match in pattern.finditer(text) if _EDGES.sub("", match.group()))


def _event_start(word: re.Match[str], utterance: Utterance) -> int | None:
    samples = [sample for offset, _, sample in utterance.words if word.start() <= offset < word.end()]
    return min(samples, default=None)


def _filled(starts: list[int | None], words: list[re.Match[str]], utterance: Utterance) -> list[int]:
    """The starts, those missing set between their neighbors by the lengths of the words."""
    known = [0 if index == 0 and start is None else start for index, start in enumerate(starts)]
    filled: list[int] = []
    for index, start in enumerate(known):
        if start is not None:
            filled.append(max(start, filled[-1] if filled else 0))
            continue
        after = next((i for i in range(index + 1, len(known)) if known[i] is not None), len(known))
        end = known[after] if after < len(known) else utterance.samples.size
        share = len(words[index - 1].group()) / sum(len(word.group()) for word in words[index - 1 : after])
        filled.append(filled[-1] + max(0, round(((end or 0) - filled[-1]) * share)))
    return filled
