"""Speaker markup: `@Name: …` for a line, `{Name|…}` within a line, and a backslash before a literal character.

Ann shut the door. {Ben|Where is she?} said Ben.
@Ann: I am here.
"""

import re
from collections.abc import Iterator
from itertools import groupby
from typing import Final, NamedTuple

_NAME: Final = r"[^\W_][^\n:|{}@]{0,59}"
_LINE = re.compile(rf"@(?P<name>{_NAME}):[^\S\n]*(?P<text>[^\n]*\S[^\n]*)")
_INLINE = re.compile(rf"(?<!\\)\{{(?P<name>{_NAME})\|(?P<text>(?:\\.|[^{{}}\\]|\\(?=\n))*)\}}", re.DOTALL)
_ESCAPED = re.compile(r"\\([@{}|\\])")
_TO_ESCAPE = re.compile(r"\\(?=[@{}|\\])|[{}]|^@", re.MULTILINE)


class SpokenPart(NamedTuple):
    """A part of a text and its speaker, empty for the narrator. The joined parts are the text without markup."""

    speaker: str
    text: str


def parts_by_speaker(text: str) -> list[SpokenPart]:
    """The text in parts, in order; neighbors have different speakers."""
    found = (part for line in text.splitlines(keepends=True) for part in _of_line(line) if part.text)
    return [
        SpokenPart(speaker, "".join(part.text for part in parts))
        for speaker, parts in groupby(_settled(found), _speaker)
    ]


def escaped(text: str) -> str:
    """Escape all markup characters in a text."""
    return _TO_ESCAPE.sub(lambda found: "\\" + found[0], text)


def without_speakers(text: str) -> str:
    """The text without speaker markup."""
    return "".join(part.text for part in parts_by_speaker(text))


def _speaker(part: SpokenPart) -> str:
    return part.speaker


def _of_line(line: str) -> Iterator[SpokenPart]:
    body = line.rstrip("\r\n")
    if whole := _LINE.fullmatch(body):
        yield SpokenPart(whole["name"].strip(), _bare(whole["text"]) + line[len(body) :])
        return
    position = 0
    for found in _INLINE.finditer(line):
        yield SpokenPart("", _bare(line[position : found.start()]))
        yield SpokenPart(found["name"].strip(), _bare(found["text"]))
        position = found.end()
    yield SpokenPart("", _bare(line[position:]))


def _settled(parts: Iterator[SpokenPart]) -> Iterator[SpokenPart]:
    """Assign blank parts to the speaker before them, so that a blank line between two lines of Ann is Ann's."""
    before = ""
    for part in parts:
        if part.text.isspace():
            yield SpokenPart(before, part.text)
        else:
            before = part.speaker
            yield part


def _bare(text: str) -> str:
    return _ESCAPED.sub(r"\1", text)
