"""Plan the tracks of a book: one passage for each chapter, split at a pause where a chapter is too long for a shop."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any, Final

from voicemill.book.mastering.chapters import Chapter, Kind
from voicemill.book.mastering.levels import Levels
from voicemill.book.mastering.passages import SURROUND_S, Passage, at_even_loudness, source_levels, trimmed
from voicemill.book.mastering.shops import LONGEST_SAMPLE_S, LONGEST_TRACK_S
from voicemill.store.results_folder import ResultsFolder, read_json, write_json

_CEILING_DB: Final = -4.5
"""The ceiling for which gains are found; those of the encoders differ by up to 0.7 dB."""
_SHARE: Final = 0.95
"""Parts are planned shorter than the limit, so that each cut can move to a pause."""
_VERSION: Final = 1


@dataclass(frozen=True, slots=True)
class MasteredChapter:
    """A chapter with its passages: the whole, and the parts that are within the length limit."""

    chapter: Chapter
    whole: Passage
    parts: tuple[Passage, ...]


@dataclass(frozen=True, slots=True)
class Track:
    """One file in shops that require a file for each chapter."""

    number: int
    title: str
    kind: Kind
    passage: Passage
    source: str


def master_chapters(
    chapters: Sequence[Chapter], results: ResultsFolder, report: Callable[[str], None]
) -> list[MasteredChapter]:
    """Find the passages of all chapters. What was found is kept in the results folder for the next command."""
    path = results.notes / "mastering.json"
    known: dict[str, Any] = read_json(path) or {}
    mastered: list[MasteredChapter] = []
    for chapter in chapters:
        key = f"{_VERSION} {chapter.sha256}"
        if key not in known:
            report(f"measuring {chapter.id}")
            known[key] = _found(chapter)
            write_json(path, known)
        whole, *parts = (Passage(chapter.path, *times) for times in known[key])
        mastered.append(MasteredChapter(chapter, whole, tuple(parts)))
    return mastered


def _found(chapter: Chapter) -> list[tuple[float, float, float]]:
    """Start, end and gain of the whole passage and of its parts."""
    levels = source_levels(chapter.path)
    whole = at_even_loudness(trimmed(chapter.path, levels), _CEILING_DB)
    return [(one.start_s, one.stop_s, one.gain_db) for one in (whole, *split(whole, levels, LONGEST_TRACK_S))]


def split(whole: Passage, levels: Levels, longest_s: float) -> list[Passage]:
    """Parts of at most `longest_s` with their room tone, of about the same length, cut at the quietest pauses."""
    speech_s = whole.stop_s - whole.start_s
    longest_s -= SURROUND_S
    if speech_s <= longest_s:
        return [whole]
    parts = math.ceil(speech_s / (longest_s * _SHARE))
    slack_s = longest_s * (1 - _SHARE) / 2
    even_s = [whole.start_s + speech_s * number / parts for number in range(1, parts)]
    boundaries_s = [round(levels.quietest_moment_s(moment_s - slack_s, moment_s + slack_s), 4) for moment_s in even_s]
    return [
        replace(whole, start_s=first, stop_s=last)
        for first, last in pairwise([whole.start_s, *boundaries_s, whole.stop_s])
    ]


def tracks_of(chapters: Sequence[MasteredChapter]) -> list[Track]:
    """The parts of all chapters, numbered from 1."""
    tracks: list[Track] = []
    for one in chapters:
        for number, passage in enumerate(one.parts, 1):
            title = one.chapter.title if len(one.parts) == 1 else f"{one.chapter.title}, part {number}"
            tracks.append(Track(len(tracks) + 1, title, one.chapter.kind, passage, one.chapter.sha256))
    return tracks


def sample_of(chapter: MasteredChapter) -> Passage:
    """The start of a chapter, at most five minutes with its room tone, up to a pause."""
    longest_s = LONGEST_SAMPLE_S - SURROUND_S - 0.1
    whole = chapter.whole
    if whole.stop_s - whole.start_s <= longest_s:
        return whole
    last_s = whole.start_s + longest_s
    levels = source_levels(whole.path, last_s)
    return replace(whole, stop_s=round(levels.quietest_moment_s(last_s - longest_s / 4, last_s), 4))
