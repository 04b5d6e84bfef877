"""Splitting a transcript into pieces that are one call each.

Pieces end at sentence ends, found by sentencex for the row's language, and never span a paragraph. Their texts, one
after the other, are the transcript again, character for character (`tests/plan/test_split.py` holds that for any
text), so no sentence can be lost.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from sentencex import segment

_PARAGRAPH = re.compile(r".+?(?:\n[^\S\n]*(?:\n\s*)+|\Z)", re.DOTALL)
_CLAUSE_END = re.compile(r"(?:[,;:—–…،、，；：]+[\"'”’»)\]]*|\s[—–-])\s*")
_SPACES = re.compile(r"\s+")
_LONGEST_HEADING = 80
_SENTENCE_END = tuple(".!?…。！？।۔؟:;,\"”’»)'")


class Boundary(StrEnum):
    """What a piece ends at, which decides the pause after it."""

    CLAUSE = "clause"
    SENTENCE = "sentence"
    PARAGRAPH = "paragraph"
    SECTION = "section"


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of a transcript: `text` as it stands there, `spoken` as it is sent ("" where nothing can be said)."""

    text: str
    spoken: str
    ends_at: Boundary


def split(transcript: str, language: str, max_characters: int) -> list[Piece]:
    """The pieces of `transcript`, in order; `"".join(piece.text ...)` is the transcript.

    A piece has at most `max_characters` characters besides the white space around it.
    """
    if len(transcript) <= max_characters and "\n" not in transcript.strip():
        return [Piece(transcript, _spoken(transcript), Boundary.SENTENCE)] if transcript else []
    return [
        piece for paragraph in _paragraphs(transcript) for piece in _of_paragraph(paragraph, language, max_characters)
    ]


def can_be_spoken(text: str) -> bool:
    """Whether there is a letter or a digit of any script in `text`."""
    return any(character.isalnum() for character in text)


def _spoken(text: str) -> str:
    return _SPACES.sub(" ", text).strip() if can_be_spoken(text) else ""


def _paragraphs(transcript: str) -> Iterator[str]:
    return (match.group() for match in _PARAGRAPH.finditer(transcript))


def _of_paragraph(paragraph: str, language: str, max_characters: int) -> list[Piece]:
    if not can_be_spoken(paragraph):
        return [Piece(paragraph, "", Boundary.SECTION)]
    if len(paragraph.strip()) <= max_characters:
        return [Piece(paragraph, _spoken(paragraph), _end_of(paragraph))]
    parts = [part for sentence in _sentences(paragraph, language) for part in _fitting_parts(sentence, max_characters)]
    pieces = [Piece(text, _spoken(text), _inner_end(text)) for text in _packed(parts, max_characters)]
    return [*pieces[:-1], Piece(pieces[-1].text, pieces[-1].spoken, _end_of(paragraph))]


def _end_of(paragraph: str) -> Boundary:
    body = paragraph.strip()
    is_heading = len(body) <= _LONGEST_HEADING and "\n" not in body and not body.endswith(_SENTENCE_END)
    return Boundary.SECTION if is_heading else Boundary.PARAGRAPH


def _inner_end(text: str) -> Boundary:
    return Boundary.SENTENCE if text.rstrip().endswith(tuple('.!?…。！？।۔؟"”’»)')) else Boundary.CLAUSE


def _sentences(paragraph: str, language: str) -> list[str]:
    sentences: list[str] = segment(language, paragraph)
    return sentences if "".join(sentences) == paragraph else [paragraph]


def _fitting_parts(sentence: str, max_characters: int) -> Iterator[str]:
    """A sentence whole, or cut at its clauses, at its spaces, or anywhere, whichever first makes it fit."""
    while len(sentence.strip()) > max_characters:
        cut = _cut_before(sentence, len(sentence) - len(sentence.lstrip()) + max_characters)
        yield sentence[:cut]
        sentence = sentence[cut:]
    yield sentence


def _cut_before(sentence: str, limit: int) -> int:
    clause_ends = [match.end() for match in _CLAUSE_END.finditer(sentence, limit // 3, limit) if match.end() <= limit]
    if clause_ends:
        return clause_ends[-1]
    spaces = [match.end() for match in _SPACES.finditer(sentence, 1, limit)]
    if spaces:
        return spaces[-1]
    cut = limit
    while cut > 1 and unicodedata.combining(sentence[cut]):
        cut -= 1
    return cut


def _packed(parts: Iterable[str], max_characters: int) -> list[str]:
    packed: list[str] = []
    for part in parts:
        if packed and (len((packed[-1] + part).strip()) <= max_characters or not can_be_spoken(part)):
            packed[-1] += part
        else:
            packed.append(part)
    return packed
