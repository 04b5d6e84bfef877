"""Intended line ends: those of verse, lists, addresses and headings, in contrast to those of wrapped prose.

A reader pauses at the end of a verse, and a speech engine at a comma, so an intended line end without punctuation gets
a comma.
"""

import re
from itertools import pairwise

LINE_END = "\u2028"
"""Unicode's line separator marks an intended line end."""

_UNSTOPPED = re.compile(rf"(\w[’”\"'»)\]]*)[^\S\n]*{LINE_END}")
_NUMBERED = re.compile(r"(?:[^\W\d_]+\s+)?(?:\d{1,4}|[IVXLCDM]{1,8})\.?")
_LONGEST_HEADING = 80
_NARROWEST_PROSE = 60
_FEWEST_LINES = 3
_SHARE_OF_LINES = 0.8
_STOPS = tuple(".!?…。！？।۔؟:;,\"”’»)'")


def mark_line_ends(paragraph: str) -> str:
    """The same text with `LINE_END` for each intended newline; its length stays the same."""
    lines = paragraph.rstrip().split("\n")
    ending = paragraph[len(paragraph.rstrip()) :]
    if len(lines) == 1:
        return paragraph
    if is_heading(paragraph):
        return LINE_END.join(lines) + ending
    room = max(_NARROWEST_PROSE, *(len(line.rstrip()) for line in lines))
    meant = [_is_meant(before, line, room) for before, line in pairwise(lines)]
    if len(lines) < _FEWEST_LINES or sum(meant) < _SHARE_OF_LINES * len(meant):
        return paragraph
    ends = [LINE_END if is_meant else "\n" for is_meant in meant]
    return "".join(line + end for line, end in zip(lines, [*ends, ""], strict=True)) + ending


def with_spoken_line_ends(marked: str) -> str:
    """The text with a comma at each marked line end without punctuation, except the last."""
    return _UNSTOPPED.sub(r"\1, ", marked.rstrip())


def is_heading(paragraph: str) -> bool:
    """Whether a paragraph is a heading: short, and without a full stop, or a number, or with a label in capitals."""
    body = paragraph.strip()
    first, _, second = body.partition("\n")
    if not body or len(body) > _LONGEST_HEADING or "\n" in second or second.lstrip()[:1].islower():
        return False
    if not body.endswith(_STOPS) or _NUMBERED.fullmatch(body) or body.rstrip(".").isupper():
        return True
    label = first.partition(".")[0]
    return " " in label and label.isupper()


def _is_meant(before: str, line: str, room: int) -> bool:
    """Whether the first word of `line` would have fit into the line `before`, and does not begin in lower case."""
    words = line.split(maxsplit=1)
    if not words or not before.strip() or words[0][0].islower():
        return False
    return len(before.rstrip()) + 1 + len(words[0]) <= room
