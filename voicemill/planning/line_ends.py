"""Detect intended line ends, which occur in verse, lists, addresses and headings, but not in wrapped prose.

A reader pauses at the end of a line of verse, and a speech engine pauses at a comma, so an intended line end without
punctuation gets a comma.
"""

import re
from itertools import pairwise

LINE_END = "\u2028"
"""Unicode's line separator marks an intended line end."""

_UNPUNCTUATED = re.compile(rf"(\w[’”\"'»)\]]*)[^\S\n]*{LINE_END}")
_NUMBERED = re.compile(r"(?:[^\W\d_]+\s+)?(?:\d{1,4}|[IVXLCDM]{1,8})\.?")
_MAX_HEADING_CHARACTERS = 80
_MIN_PROSE_WIDTH = 60
_MIN_LINES = 3
_MIN_SHARE = 0.8
_STOPS = tuple(".!?…。！？।۔؟:;,\"”’»)'")


def mark_line_ends(paragraph: str) -> str:
    """The same text with `LINE_END` for each intended newline; its length stays the same."""
    lines = paragraph.rstrip().split("\n")
    ending = paragraph[len(paragraph.rstrip()) :]
    if len(lines) == 1:
        return paragraph
    if is_heading(paragraph):
        return LINE_END.join(lines) + ending
    width = max(_MIN_PROSE_WIDTH, *(len(line.rstrip()) for line in lines))
    intended = [_is_intended(before, line, width) for before, line in pairwise(lines)]
    if len(lines) < _MIN_LINES or sum(intended) < _MIN_SHARE * len(intended):
        return paragraph
    ends = [LINE_END if is_intended else "\n" for is_intended in intended]
    return "".join(line + end for line, end in zip(lines, [*ends, ""], strict=True)) + ending


def with_spoken_line_ends(marked: str) -> str:
    """The text with a comma at each marked line end without punctuation, except the last."""
    return _UNPUNCTUATED.sub(r"\1, ", marked.rstrip())


def is_heading(paragraph: str) -> bool:
    """Whether a paragraph is a heading: short, and without a full stop, a number, or with a label in capitals."""
    body = paragraph.strip()
    first, _, second = body.partition("\n")
    if not body or len(body) > _MAX_HEADING_CHARACTERS or "\n" in second or second.lstrip()[:1].islower():
        return False
    if not body.endswith(_STOPS) or _NUMBERED.fullmatch(body) or body.rstrip(".").isupper():
        return True
    label = first.partition(".")[0]
    return " " in label and label.isupper()


def _is_intended(before: str, line: str, width: int) -> bool:
    """Whether the first word of `line` would have fit into the line `before`, and does not begin in lower case."""
    words = line.split(maxsplit=1)
    if not words or not before.strip() or words[0][0].islower():
        return False
    return len(before.rstrip()) + 1 + len(words[0]) <= width
