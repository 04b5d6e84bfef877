"""Splitting a transcript into pieces that are one call each.

Pieces end at sentence ends, found by sentencex for the row's language, and never span a paragraph. Their texts, one
after the other, are the transcript again, character for character (`tests/planning/test_split_text.py` holds that
for any
text), so no sentence can be lost.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from sentencex import segment

from voicemill.planning.line_ends import LINE_END, hear_line_ends, is_heading, mark_line_ends

_PARAGRAPH = re.compile(r".+?(?:\n[^\S\n]*\n\s*|\Z)", re.DOTALL)
_CLAUSE_END = re.compile(rf"(?:[,;:—–…،、，；：]+[\"'”’»)\]]*|\s[—–-]|{LINE_END})\s*")
_SPACES = re.compile(r"\s+")
_CLOSING = "\"'”’“»›)]」』】）"
_SENTENCE_END = tuple(".!?…。！？।۔؟")
# What sentencex takes for an end in some language, and is none: initials, ordinals and numerals, titles, measures.
_NO_END = re.compile(
    r"(?:^|[\s(\[„“«‘\"'])(?:[^\W\d_]|\d{1,3}|[IVXLC]+|M[ml]\w{1,2}|Mgr|Prof|Dr|[Vv]ol|approx|ca|No|Nr|[Ff]ig|Mio|Mrd)\.\s*\Z"
)
_JOINERS = "\u200c\u200d"


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

    A piece has at most `max_characters` characters besides the white space around it, spoken at most as many.
    """
    if len(transcript) <= max_characters and "\n" not in transcript.strip():
        return [Piece(transcript, _spoken(transcript, max_characters), Boundary.SENTENCE)] if transcript else []
    return [
        piece for paragraph in _paragraphs(transcript) for piece in _of_paragraph(paragraph, language, max_characters)
    ]


def can_be_spoken(text: str) -> bool:
    """Whether there is a letter or a digit of any script in `text`."""
    return any(character.isalnum() for character in text)


def _spoken(text: str, max_characters: int) -> str:
    if not can_be_spoken(text):
        return ""
    in_lines = _SPACES.sub(" ", hear_line_ends(text)).strip()
    return in_lines if len(in_lines) <= max_characters else _SPACES.sub(" ", text).strip()


def _paragraphs(transcript: str) -> Iterator[str]:
    return (match.group() for match in _PARAGRAPH.finditer(transcript))


def _of_paragraph(paragraph: str, language: str, max_characters: int) -> list[Piece]:
    if not can_be_spoken(paragraph) and len(paragraph.strip()) <= max_characters:
        return [Piece(paragraph, "", Boundary.SECTION)]
    marked = mark_line_ends(paragraph)
    sentences = [marked] if len(marked.strip()) <= max_characters else _sentences(marked, language)
    parts = (part for sentence in sentences for part in _fitting_parts(sentence, max_characters))
    pieces: list[Piece] = []
    start = 0
    for text in _packed(parts, max_characters):
        stop = start + len(text)
        ends_at = _inner_end(text) if stop < len(paragraph) else _end_of(paragraph)
        pieces.append(Piece(paragraph[start:stop], _spoken(text, max_characters), ends_at))
        start = stop
    return pieces


def _end_of(paragraph: str) -> Boundary:
    has_gap_after = paragraph[len(paragraph.rstrip()) :].count("\n") > 2
    return Boundary.SECTION if has_gap_after or is_heading(paragraph) else Boundary.PARAGRAPH


def _inner_end(text: str) -> Boundary:
    body = text.rstrip()
    is_sentence = body.rstrip(_CLOSING).endswith(_SENTENCE_END) or LINE_END in text[len(body) :]
    return Boundary.SENTENCE if is_sentence else Boundary.CLAUSE


def _sentences(paragraph: str, language: str) -> list[str]:
    found: list[str] = segment(language, paragraph)
    if "".join(found) != paragraph:
        return [paragraph]
    sentences: list[str] = []
    for sentence in found:
        if sentences and (_NO_END.search(sentences[-1][-12:]) or sentence[:1].islower()):
            sentences[-1] += sentence
        else:
            sentences.append(sentence)
    return sentences


def _fitting_parts(sentence: str, max_characters: int) -> Iterator[str]:
    """A sentence whole, or cut at its clauses, at its spaces, or anywhere, whichever first makes it fit."""
    start, stop = 0, len(sentence.rstrip())
    while True:
        spaces = _SPACES.match(sentence, start)
        first = spaces.end() if spaces else start
        if stop - first <= max_characters:
            yield sentence[start:]
            return
        cut = _cut_between(sentence, first, first + max_characters)
        yield sentence[start:cut]
        start = cut


def _cut_between(sentence: str, first: int, limit: int) -> int:
    last = None
    for match in _CLAUSE_END.finditer(sentence, first + (limit - first) // 3, limit):
        last = match
    for match in _SPACES.finditer(sentence, first + 1, limit) if last is None else ():
        last = match
    if last is not None:
        return last.end()
    cut = limit
    while cut > first + 1 and _belongs_together(sentence, cut):
        cut -= 1
    return cut if cut > first + 1 else limit


def _belongs_together(text: str, cut: int) -> bool:
    """Whether what stands before and after `cut` is one character to a reader, as far as Unicode's categories tell."""
    after = text[cut]
    return unicodedata.category(after).startswith("M") or after in _JOINERS or text[cut - 1] in _JOINERS


def _packed(parts: Iterable[str], max_characters: int) -> list[str]:
    packed: list[str] = []
    for part in parts:
        if packed and len((packed[-1] + part).strip()) <= max_characters:
            packed[-1] += part
        else:
            packed.append(part)
    return packed
