"""The guided decoder: pocketsphinx with the grammar of one passage. Use it in a worker process."""

import hashlib
import math
import re
from collections.abc import Sequence
from functools import cached_property
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pocketsphinx import Decoder

from voicemill.audio.recognition_level import RATE_HZ, levelled
from voicemill.quality.grammar import jsgf
from voicemill.quality.phonemes import arpabet

_FRAMES_PER_S: Final = 100
_SCORE_SCALE: Final = 1024
"""pocketsphinx shifts acoustic scores right by ten bits."""
_WORST_SCORE: Final = -50.0
_WIDE_BEAMS: Final = {"beam": 1e-80, "pbeam": 1e-80, "wbeam": 1e-60}
"""With the default ones, a word that is said in an unexpected way, such as a year, can end the search without a path.
These take 15 % more time."""
_PLAIN: Final = re.compile(r"[a-z]+(?:'[a-z]+)?")
_MOST_ADDED_WORDS: Final = 20_000
"""Then the dictionary is loaded again, so that memory stays bounded."""


class SpokenWord(NamedTuple):
    """A recognized word, its start and end in seconds, its acoustic score per frame (0 is the best), and its phones.

    `word` is empty for silence and noise.
    """

    word: str
    start_s: float
    end_s: float
    score: float
    phones: int = 1

    @property
    def length_s(self) -> float:
        """How long the word lasts."""
        return self.end_s - self.start_s


class GuidedDecoder:
    """One decoder; half a second to load, 100 MB. US English only."""

    def __init__(self) -> None:
        self._names: dict[str, str] = {}

    def decode(self, samples: NDArray[np.float32], units: Sequence[Sequence[str]]) -> list[SpokenWord]:
        """The words of `units` in 16 kHz mono samples, as the grammar of `units` allows them.

        If the decoder does not reach the end of the grammar, the words end early.
        """
        named = [[self._named(word) for word in unit] for unit in units]
        words = {name: word for word, name in self._names.items()}
        decoder = self._decoder
        decoder.add_jsgf_string("passage", jsgf(named))
        decoder.activate_search("passage")
        decoder.reinit_feat()
        decoder.start_utt()
        decoder.process_raw(levelled(samples), full_utt=True)
        decoder.end_utt()
        return [self._word(segment, words) for segment in decoder.seg() or () if segment.word[0] != "("]

    def _word(self, segment: Any, words: dict[str, str]) -> SpokenWord:  # noqa: ANN401 - pocketsphinx has no types
        """A segment of the decoder. Alternative pronunciations have a number: `read(2)`."""
        name = "" if segment.word[0] in "<[" else segment.word.partition("(")[0]
        phones = len((self._decoder.lookup_word(segment.word) or "").split())
        frames = max(1, segment.end_frame - segment.start_frame + 1)
        score = math.log(segment.ascore) * _SCORE_SCALE / frames if segment.ascore > 0 else _WORST_SCORE
        start_s, end_s = segment.start_frame / _FRAMES_PER_S, (segment.end_frame + 1) / _FRAMES_PER_S
        return SpokenWord(words.get(name, name), start_s, end_s, max(score, _WORST_SCORE), phones)

    @cached_property
    def _decoder(self) -> Decoder:
        # The lattice of `bestpath` takes minutes for a long passage.
        return Decoder(samprate=RATE_HZ, loglevel="FATAL", lm=None, bestpath=False, **_WIDE_BEAMS)

    def _named(self, word: str) -> str:
        """The word in the dictionary that stands for `word`; added if the dictionary lacks it."""
        if len(self._names) > _MOST_ADDED_WORDS:
            self._names.clear()
            del self._decoder
        if word not in self._names:
            is_known = _PLAIN.fullmatch(word) and self._decoder.lookup_word(word) is not None
            self._names[word] = word if is_known else self._added(word)
        return self._names[word]

    def _added(self, word: str) -> str:
        name = f"word_{hashlib.sha256(word.encode()).hexdigest()[:16]}"
        self._decoder.add_word(name, arpabet(word) or "AH", True)
        return name
