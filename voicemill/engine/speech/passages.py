"""A transcript in passages: pieces that are spoken one after the other, cut where a speaker pauses."""

from typing import NamedTuple

import sentencex

MOST_CHARACTERS = 500


class Passage(NamedTuple):
    """One piece and where it starts in the transcript, in characters."""

    offset: int
    text: str


def passages(transcript: str, language: str) -> list[Passage]:
    """Sentences in order, those too long for one breath of the synthesizer cut again at clauses or spaces.

    Only pieces with something to say are kept; `transcript[offset:offset + len(text)] == text` for each.
    """
    found: list[Passage] = []
    position = 0
    for sentence in sentencex.segment(language, transcript):
        position = transcript.index(sentence, position)
        found += _short_enough(Passage(position, sentence))
        position += len(sentence)
    return [passage for passage in map(_stripped, found) if has_speech(passage.text)]


def has_speech(text: str) -> bool:
    """Whether there is a letter or a digit in it."""
    return any(character.isalnum() for character in text)


def _stripped(passage: Passage) -> Passage:
    lead = len(passage.text) - len(passage.text.lstrip())
    return Passage(passage.offset + lead, passage.text.strip())


def _short_enough(passage: Passage) -> list[Passage]:
    offset, text = passage
    pieces: list[Passage] = []
    while len(text) > MOST_CHARACTERS:
        cut = _last_pause(text[:MOST_CHARACTERS])
        pieces.append(Passage(offset, text[:cut]))
        offset, text = offset + cut, text[cut:]
    return [*pieces, Passage(offset, text)]


def _last_pause(text: str) -> int:
    """Where to cut: after the last clause, else after the last space, else at the end."""
    clauses = [text.rfind(mark) + 1 for mark in ",;:，、；：—"]
    return max(clauses) if max(clauses) > len(text) // 3 else (text.rfind(" ") + 1 or len(text))
