"""Synthetic transcripts of texts: words at a constant pace, with a pause after each full stop."""

import re
from collections.abc import Sequence

from voicemill.model import Transcript, Word
from voicemill.text.segments import transcript_of

TALE = (
    "“Mr. Smith,” she said, “went to Washington in the spring, and the {old} mill & its wheel, which nobody had seen "
    "turning for years, were waiting for him there.” Then nothing. He left; the door was open, and the rain came in "
    "over the threshold without a sound.\n\nThe Second Morning\n\nIt was 5 < 6, as the children say -- and 7 --> 8."
)


def timed(text: str, letters_per_s: float = 15.0, pause_s: float = 0.4) -> list[Word]:
    """The words of a text in lower case without punctuation, as a recognizer returns them."""
    words, reached_s = [], 0.0
    for written in text.split():
        bare = re.sub(r"^\W+|\W+$", "", written).lower()
        if bare:
            end_s = reached_s + (len(bare) + 1) / letters_per_s
            words.append(Word(bare, round(reached_s, 3), round(end_s, 3)))
            reached_s = end_s + (pause_s if re.search(r"[.!?]\W*$", written) else 0.0)
    return words


def spoken(text: str, letters_per_s: float = 15.0, pause_s: float = 0.4, language: str = "en") -> Transcript:
    """The transcript of a text at the given pace, followed by a second of silence."""
    words = timed(text, letters_per_s, pause_s)
    return transcript_of(text, language, (words[-1].end_s if words else 0.0) + 1.0, words)


def said(words: Sequence[str]) -> Transcript:
    """A transcript of consecutive words of a third of a second each."""
    return spoken(" ".join(words))
