"""Sentences of a chapter with the times at which they are spoken, in the paragraphs of its text."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Final

from voicemill.book.mastering.passages import Passage
from voicemill.model.service_tags import without_tags

_PARAGRAPH_END: Final = re.compile(r"\n[^\S\n]*\n")
_NOT_XML: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True, slots=True)
class Clip:
    """When a sentence is spoken, in milliseconds from the start of the chapter's audio."""

    start_ms: int
    end_ms: int


@dataclass(frozen=True, slots=True)
class Sentence:
    """Text of a paragraph. Without a clip it is not spoken, or the times of its words are unknown."""

    text: str
    clip: Clip | None = None


@dataclass(slots=True)
class ReadAlongText:
    """The paragraphs of a chapter; `sentences` counts all spoken sentences, `matched` those found in the text."""

    paragraphs: list[list[Sentence]] = field(default_factory=list)
    sentences: int = 0
    matched: int = 0

    @property
    def duration_ms(self) -> int:
        """The sum of all clips."""
        clips = [sentence.clip for paragraph in self.paragraphs for sentence in paragraph if sentence.clip]
        return sum(clip.end_ms - clip.start_ms for clip in clips)


def read_along_text(text: str, segments: Sequence[dict[str, Any]], passage: Passage) -> ReadAlongText:
    """Find each segment of the timings table in the text; every character of the text stays."""
    found = ReadAlongText(sentences=len(segments))
    waiting = [(_plain(str(segment["text"])), segment) for segment in segments]
    for paragraph in _paragraphs(text):
        spans = [*_spans(paragraph, waiting)]
        found.matched += len(spans)
        found.paragraphs.append([*_sentences(paragraph, spans, passage)])
    return found


Span = tuple[int, int, dict[str, Any]]


def _paragraphs(text: str) -> Iterator[str]:
    for paragraph in _PARAGRAPH_END.split(without_tags(text).replace("\r\n", "\n")):
        plain = _plain(paragraph)
        if plain:
            yield plain


def _plain(text: str) -> str:
    return " ".join(_NOT_XML.sub("", text).split())


def _spans(paragraph: str, waiting: list[tuple[str, dict[str, Any]]]) -> Iterator[Span]:
    """The segments of this paragraph, in order. A segment that is not found anywhere is skipped."""
    position = 0
    while waiting:
        skipped, start = _next_found(paragraph, position, waiting)
        if start < 0:
            return
        del waiting[:skipped]
        text, segment = waiting.pop(0)
        position = start + len(text)
        yield start, position, segment


def _next_found(paragraph: str, position: int, waiting: Sequence[tuple[str, dict[str, Any]]]) -> tuple[int, int]:
    """How many segments to skip until one is in the rest of the paragraph, and where; -1 if none of the next is."""
    for skipped, (text, _) in zip(range(3), waiting, strict=False):
        start = paragraph.find(text, position) if text else -1
        if start >= 0:
            return skipped, start
    return 0, -1


def _sentences(paragraph: str, spans: Iterable[Span], passage: Passage) -> Iterator[Sentence]:
    position = 0
    for start, end, segment in spans:
        if start > position:
            yield Sentence(paragraph[position:start])
        yield Sentence(paragraph[start:end], _clip(segment, passage))
        position = end
    if position < len(paragraph):
        yield Sentence(paragraph[position:])


def _clip(segment: dict[str, Any], passage: Passage) -> Clip | None:
    start_ms = round(1000 * passage.moved_s(segment["start_s"]))
    end_ms = round(1000 * passage.moved_s(segment["end_s"]))
    return Clip(start_ms, end_ms) if end_ms > start_ms else None


def numbered(paragraphs: Iterable[Iterable[Sentence]]) -> Iterator[list[tuple[str, Sentence]]]:
    """The sentences of each paragraph with an id for each clip; empty for text without one."""
    numbers = count(1)
    for paragraph in paragraphs:
        yield [(f"s{next(numbers)}" if sentence.clip else "", sentence) for sentence in paragraph]
