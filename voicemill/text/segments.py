"""Segments: sentences or, in text without full stops, passages between pauses or paragraphs."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate, pairwise

from sentencex import segment

from voicemill.model import Segment, Transcript, Word
from voicemill.model.service_tags import without_fragments, without_tags
from voicemill.text.display_words import PARAGRAPH, worded

PAUSE_S = 0.8
"""A silence that always ends a segment."""
LONGEST_S = 30.0
"""The longest segment, as in Whisper; a longer one is split at its longest pause."""


def transcript_of(text: str, language: str, duration_s: float, words: Sequence[Word]) -> Transcript:
    """Build a transcript from a text and the times of its words.

    Times are corrected first: no word begins before the previous one or ends before it begins. Words without a letter
    or a digit are removed, and so are the service's tags.
    """
    text = without_tags(text)
    bare = (word._replace(word=without_fragments(word.word)) for word in words)
    ordered = tuple(_in_order(word for word in bare if any(map(str.isalnum, word.word))))
    segments = tuple(_segments(worded(ordered, text), language))
    if text.strip() and not ordered:
        segments = (Segment(0.0, duration_s, " ".join(text.split())),)
    return Transcript(text, language, duration_s, ordered, segments)


def _in_order(words: Iterable[Word]) -> Iterator[Word]:
    earliest_s = 0.0
    for word in words:
        earliest_s = max(earliest_s, word.start_s)
        yield Word(word.word, earliest_s, max(earliest_s, word.end_s))


def _segments(words: Sequence[Word], language: str) -> Iterator[Segment]:
    for passage in _passages(words):
        for sentence in _sentences(passage, language):
            yield from map(_segment, _short_enough(sentence))


def _segment(words: Sequence[Word]) -> Segment:
    inline = tuple(word._replace(word=word.word.replace(PARAGRAPH, " ")) for word in words)
    text = "".join(word.word for word in inline).strip()
    return Segment(words[0].start_s, words[-1].end_s, text, inline)


def _passages(words: Sequence[Word]) -> Iterator[Sequence[Word]]:
    start = 0
    for index, (before, after) in enumerate(pairwise(words), start=1):
        if after.start_s - before.end_s >= PAUSE_S or after.word.startswith(PARAGRAPH):
            yield words[start:index]
            start = index
    if start < len(words):
        yield words[start:]


def _sentences(words: Sequence[Word], language: str) -> Iterator[Sequence[Word]]:
    text = "".join(word.word for word in words)
    sentences: list[str] = segment(language, text)
    ends = set(accumulate(map(len, sentences))) if "".join(sentences) == text else set()
    reached = start = 0
    for index, word in enumerate(words, start=1):
        reached += len(word.word)
        following = words[index].word if index < len(words) else ""
        spaces = len(following) - len(following.lstrip())  # spaces at the end of a sentence belong to it
        if index == len(words) or ends & set(range(reached, reached + spaces + 1)):
            yield words[start:index]
            start = index


def _short_enough(words: Sequence[Word]) -> Iterator[Sequence[Word]]:
    if len(words) < 2 or words[-1].end_s - words[0].start_s <= LONGEST_S:
        yield words
        return
    pauses_s = [after.start_s - before.end_s for before, after in pairwise(words)]
    middle = len(words) / 2
    cut = max(range(len(pauses_s)), key=lambda index: (round(pauses_s[index], 2), -abs(index + 1 - middle))) + 1
    yield from _short_enough(words[:cut])
    yield from _short_enough(words[cut:])
