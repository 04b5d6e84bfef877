"""Subtitle cues: the lines that are shown together, with their times.

Cues have whole words and a limited number and width of lines, end after sentences, clauses and pauses, do not overlap,
and are shown long enough to read if the speech leaves time for it. Of all ways to split a passage, dynamic programming
finds the one with the least cost.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from voicemill.config import Subtitles
from voicemill.model import Segment, Word
from voicemill.text.line_breaks import break_lines, ends_clause, ends_sentence, text_of, width

GAP_S = 0.08
"""Two frames: the shortest gap before the next cue if a cue is shown longer than its speech lasts."""
SPLIT_PAUSE_S = 1.0
"""A silence that always separates two cues."""
_SHORTEST_S = 0.05
_EACH = 1.0
_WITHIN_A_CLAUSE, _AFTER_A_CLAUSE, _AT_A_PAUSE = 3.0, 1.0, 0.5
_PAUSE_S = 0.3
_SENTENCE_INSIDE = 0.6
_EMPTY = 0.8
_HURRIED = 4.0
_BLINK = 3.0
_NEVER = 1000.0


@dataclass(frozen=True, slots=True)
class Cue:
    """Lines that are shown from `start_s` to `end_s`."""

    start_s: float
    end_s: float
    lines: tuple[Sequence[Word], ...]

    @property
    def words(self) -> list[Word]:
        """The words of all lines."""
        return [word for line in self.lines for word in line]

    @property
    def text(self) -> str:
        """The text of the cue, with a newline between lines."""
        return "\n".join(text_of(line) for line in self.lines)


def cues_of(segments: Sequence[Segment], duration_s: float, rules: Subtitles) -> Iterator[Cue]:
    """The cues of a transcript, in order. The last one ends with the audio if `duration_s` is given."""
    words = [word for segment in segments for word in segment.words]
    groups = [group for passage in _passages(words) for group in _grouped(passage, rules)]
    following_s = [group[0].start_s for group in groups[1:]] + [max(duration_s, words[-1].end_s)] if groups else []
    for number, (group, next_s) in enumerate(zip(groups, following_s, strict=True), start=1):
        end_s = _end_s(group, next_s, rules, is_last=number == len(groups))
        yield Cue(group[0].start_s, end_s, tuple(break_lines(group, rules.max_line_width)))


def _end_s(words: Sequence[Word], next_s: float, rules: Subtitles, *, is_last: bool) -> float:
    start_s, spoken_s = words[0].start_s, min(words[-1].end_s, next_s)
    readable_s = start_s + max(rules.min_duration_s, width(text_of(words)) / rules.max_characters_per_s)
    limit_s = next_s - (0.0 if is_last else GAP_S)
    return max(spoken_s, min(readable_s, limit_s), start_s + 0.001)


def _passages(words: Sequence[Word]) -> Iterator[Sequence[Word]]:
    start = 0
    for index, (before, after) in enumerate(pairwise(words), start=1):
        if after.start_s - before.end_s >= SPLIT_PAUSE_S:
            yield words[start:index]
            start = index
    if words:
        yield words[start:]


def _grouped(words: Sequence[Word], rules: Subtitles) -> list[Sequence[Word]]:
    """The words of a passage grouped into cues at the least cost."""
    costs, cuts = [0.0] + [float("inf")] * len(words), [0] * (len(words) + 1)
    for start in range(len(words)):
        for stop, cost in _choices(words, start, rules):
            if costs[start] + cost < costs[stop]:
                costs[stop], cuts[stop] = costs[start] + cost, start
    groups, stop = [], len(words)
    while stop:
        groups.append(words[cuts[stop] : stop])
        stop = cuts[stop]
    return groups[::-1]


def _choices(words: Sequence[Word], start: int, rules: Subtitles) -> Iterator[tuple[int, float]]:
    """Every possible cue that begins at `start`, with its end and its cost."""
    lines, room, characters, sentences = 0, -1, 0, 0
    capacity = rules.max_line_width * rules.max_line_count
    for stop in range(start + 1, len(words) + 1):
        word = words[stop - 1]
        room -= width(word.word)
        if room < 0:
            lines, room = lines + 1, rules.max_line_width - width(word.word.lstrip())
        characters += width(word.word)
        is_too_long = word.end_s - words[start].start_s > rules.max_duration_s
        if stop > start + 1 and (lines > rules.max_line_count or is_too_long):
            return
        shown_s = (words[stop].start_s if stop < len(words) else word.end_s + SPLIT_PAUSE_S) - words[start].start_s
        cost = _EACH + _ending(words, stop) + sentences * _SENTENCE_INSIDE
        cost += _EMPTY * max(0.0, 1 - characters / capacity) ** 2 + _haste(shown_s, characters, rules)
        yield stop, cost
        sentences += ends_sentence(word)


def _ending(words: Sequence[Word], stop: int) -> float:
    if stop == len(words) or ends_sentence(words[stop - 1]):
        return 0.0
    if words[stop].start_s - words[stop - 1].end_s >= _PAUSE_S:
        return _AT_A_PAUSE
    return _AFTER_A_CLAUSE if ends_clause(words[stop - 1]) else _WITHIN_A_CLAUSE


def _haste(shown_s: float, characters: int, rules: Subtitles) -> float:
    if shown_s < _SHORTEST_S:
        return _NEVER
    needed_s = characters / rules.max_characters_per_s
    cost = _HURRIED * min(2.0, max(0.0, needed_s / shown_s - 1))
    return cost + (_BLINK if shown_s < rules.min_duration_s else 0.0)
