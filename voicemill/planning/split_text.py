"""Split a transcript into parts of one call each.

Parts end at sentence ends, which sentencex finds for the row's language, and never span paragraphs. Joined, their texts
equal the transcript (`tests/planning/test_split_text.py` verifies this for random texts), so no sentence can be lost.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import accumulate, pairwise

from sentencex import segment

from voicemill.model.service_tags import BLANK, SPELLED, has_tags, in_force, is_pause, masked, tags_in
from voicemill.planning.line_ends import LINE_END, is_heading, mark_line_ends, with_spoken_line_ends

_PARAGRAPH = re.compile(r".+?(?:\n[^\S\n]*\n\s*|\Z)", re.DOTALL)
_CLAUSE_END = re.compile(rf"(?:[,;:—–…،、，；：]+[\"'”’»)\]]*|\s[—–-]|{LINE_END})\s*")
_SPACES = re.compile(r"\s+")
_CLOSING = "\"'”’“»›)]」』】）"
_SENTENCE_END = tuple(".!?…。！？।۔؟")
# Not sentence ends, although sentencex treats some of them as such: initials, ordinals, numerals, titles, measures.
_NO_END = re.compile(
    r"(?:^|[\s(\[„“«‘\"'])(?:[^\W\d_]|\d{1,3}|[IVXLC]+|M[ml]\w{1,2}|Mgr|Prof|Dr|[Vv]ol|approx|ca|No|Nr|[Ff]ig|Mio|Mrd)\.\s*\Z"
)
_JOINERS = "\u200c\u200d"


class Boundary(StrEnum):
    """The kind of boundary at which a part ends; it determines the pause after it."""

    CLAUSE = "clause"
    SENTENCE = "sentence"
    PARAGRAPH = "paragraph"
    SECTION = "section"


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a transcript: `text` is the original, `spoken` the text to send ("" if nothing can be spoken)."""

    text: str
    spoken: str
    ends_at: Boundary


def split(transcript: str, language: str, max_characters: int) -> list[Piece]:
    """The parts of `transcript`, in order; their joined `text`s are the transcript.

    `text` without surrounding white space, and `spoken`, have at most `max_characters` characters. The service's tags
    are never split. Tags that still apply are repeated at the start of later parts.
    """
    if has_tags(transcript):
        return _with_tags_in_force(_split(masked(transcript), transcript, language, max_characters))
    return _split(transcript, transcript, language, max_characters)


def _split(transcript: str, original: str, language: str, max_characters: int) -> list[Piece]:
    """The parts of `original`; `transcript` is a copy of the same length with its tags masked."""
    if len(transcript) <= max_characters and "\n" not in transcript.strip():
        spoken = _spoken(transcript, original, max_characters)
        return [Piece(original, spoken, Boundary.SENTENCE)] if transcript else []
    pieces: list[Piece] = []
    start = 0
    for paragraph in _paragraphs(transcript):
        stop = start + len(paragraph)
        pieces += _of_paragraph(paragraph, original[start:stop], language, max_characters)
        start = stop
    return pieces


def _with_tags_in_force(pieces: list[Piece]) -> list[Piece]:
    """The parts, each with the earlier tags that still apply and the pauses from earlier parts that are not sent."""
    ready: list[Piece] = []
    before: list[str] = []
    waiting: list[str] = []
    for piece in pieces:
        tags, spoken = tags_in(piece.text), piece.spoken
        if spoken:
            spoken = " ".join([*in_force([*before, *waiting]), *filter(is_pause, waiting), spoken])
            before, waiting = [*before, *waiting, *tags], []
        else:
            waiting += tags
        ready.append(replace(piece, spoken=spoken))
    last = max((index for index, piece in enumerate(ready) if piece.spoken), default=None)
    if last is not None:
        ready[last] = replace(ready[last], spoken=" ".join([ready[last].spoken, *filter(is_pause, waiting)]))
    return ready


def can_be_spoken(text: str) -> bool:
    """Whether `text` contains a letter or a digit of any script."""
    return any(character.isalnum() for character in text)


def _spoken(text: str, original: str, max_characters: int) -> str:
    if not can_be_spoken(text):
        return ""
    text = _with_tags(text, original)
    in_lines = _SPACES.sub(" ", with_spoken_line_ends(text)).strip()
    return in_lines if len(in_lines) <= max_characters else _SPACES.sub(" ", text).strip()


def _with_tags(marked: str, original: str) -> str:
    """`original` with the line-end marks of its masked copy."""
    if LINE_END not in marked:
        return original
    return "".join(mark if mark == LINE_END else one for mark, one in zip(marked, original, strict=True))


def _paragraphs(transcript: str) -> Iterator[str]:
    return (match.group() for match in _PARAGRAPH.finditer(transcript))


def _of_paragraph(paragraph: str, original: str, language: str, max_characters: int) -> list[Piece]:
    if not can_be_spoken(paragraph) and len(paragraph.strip()) <= max_characters:
        return [Piece(original, "", Boundary.SECTION)]
    marked = mark_line_ends(paragraph)
    sentences = [marked] if len(marked.strip()) <= max_characters else _sentences(marked, language)
    parts = (part for sentence in sentences for part in _fitting_parts(sentence, max_characters))
    pieces: list[Piece] = []
    start = 0
    for text in _packed(parts, max_characters):
        stop = start + len(text)
        ends_at = _inner_end(text) if stop < len(paragraph) else _end_of(paragraph)
        spoken = _spoken(text, original[start:stop], max_characters)
        pieces.append(Piece(original[start:stop], spoken, ends_at))
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
    segments: list[str] = segment(language, paragraph.replace(BLANK, " "))
    stops = dict.fromkeys(_end_of_tags(paragraph, stop) for stop in [0, *accumulate(map(len, segments))])
    if "".join(segments) != paragraph.replace(BLANK, " "):
        return [paragraph]
    sentences: list[str] = []
    for start, stop in pairwise(stops):
        sentence = paragraph[start:stop]
        if sentences and (_NO_END.search(sentences[-1][-12:]) or sentence[:1].islower()):
            sentences[-1] += sentence
        else:
            sentences.append(sentence)
    return sentences


def _fitting_parts(sentence: str, max_characters: int) -> Iterator[str]:
    """A sentence as a whole, or split at clauses, else at spaces, else anywhere, so that each part fits."""
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
        return _end_of_run(sentence, last.end(), BLANK)
    cut = limit
    while cut > first + 1 and _belongs_together(sentence, cut):
        cut -= 1
    return cut if cut > first + 1 else _end_of_run(sentence, limit, SPELLED)


def _end_of_run(text: str, cut: int, mask: str) -> int:
    """`cut`, or the end of the tag or spelled text that contains it: these are never split, however long."""
    while cut < len(text) and text[cut - 1] == text[cut] == mask:
        cut += 1
    return cut


def _end_of_tags(text: str, cut: int) -> int:
    """The position after the tags that follow `cut`: a pause belongs to the sentence before it."""
    while 0 < cut < len(text) and text[cut] == BLANK:
        cut += 1
    return cut


def _belongs_together(text: str, cut: int) -> bool:
    """Whether the characters around `cut` form one grapheme, as far as Unicode categories show."""
    after = text[cut]
    if text[cut - 1] == after == SPELLED:
        return True
    return unicodedata.category(after).startswith("M") or after in _JOINERS or text[cut - 1] in _JOINERS


def _packed(parts: Iterable[str], max_characters: int) -> list[str]:
    packed: list[str] = []
    for part in parts:
        if packed and len((packed[-1] + part).strip()) <= max_characters:
            packed[-1] += part
        else:
            packed.append(part)
    return packed
