"""Markdown as HTML, with what Pandoc adds to it: title blocks, attributes, divisions and lines of verse."""

import re
from collections.abc import Callable
from typing import Final

_FRONT_MATTER = re.compile(r"\A---[ \t]*\n(?P<fields>.*?)\n(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.DOTALL)
_FIELD = re.compile(r"^(?P<name>[A-Za-z]+)[ \t]*:[ \t]*(?P<value>.+?)[ \t]*$", re.MULTILINE)
_FIELDS: Final = {"title": "title", "author": "author", "lang": "language", "language": "language"}
_TITLE_BLOCK = re.compile(r"\A%[ \t]*(?P<title>[^\n]*)(?:\n%[ \t]*(?P<author>[^\n]*))?(?:\n%[^\n]*)?(?:\n|\Z)")
_MARKUP: Final = (
    re.compile(r"(?<=\S)[ \t]+#*[ \t]*(?P<removed>\{[#.\-][^{}\n]*\})(?=[ \t]*$)", re.MULTILINE),
    re.compile(r"(?<=[\])`])(?P<removed>\{[#.][^{}\n]*\})"),
    re.compile(r"^(?P<removed>:{3,}[^\n]*)$", re.MULTILINE),
    re.compile(r"^(?P<removed>\\(?:newpage|pagebreak|clearpage|cleardoublepage))[ \t]*$", re.MULTILINE),
)
"""Attributes of headings, links and code, the lines around a division, and commands to begin a page."""
_VERSE = re.compile(r"^\|[ \t](?![^\n]*\|[ \t]*$)(?P<line>[^\n]*)$", re.MULTILINE)
_FENCED = re.compile(r"(^(?:```|~~~).*?^(?:```|~~~)[ \t]*$)", re.MULTILINE | re.DOTALL)


def html_of_markdown(text: str) -> tuple[str, dict[str, str], list[tuple[str, str]]]:
    """A Markdown text as HTML, the title, author and language that it names, and what was left out, with its rule."""
    from markdown_it import MarkdownIt
    from mdit_py_plugins.footnote import footnote_plugin

    text, fields, left_out = _without_title(text)
    text = _outside_code(text, lambda part: _without_markup(part, left_out))
    made = MarkdownIt("commonmark").enable(["table", "strikethrough"]).use(footnote_plugin).render(text)
    return f"<html><body>{made}</body></html>", fields, left_out


def _without_title(text: str) -> tuple[str, dict[str, str], list[tuple[str, str]]]:
    if front := _FRONT_MATTER.match(text):
        found = {each["name"].lower(): each["value"].strip("\"'") for each in _FIELD.finditer(front["fields"])}
        fields = {_FIELDS[name]: value for name, value in found.items() if name in _FIELDS}
        return text[front.end() :], fields, [(front[0], "head")]
    if block := _TITLE_BLOCK.match(text):
        named = {name: value.strip() for name, value in block.groupdict().items() if value and value.strip()}
        return text[block.end() :], named, [(block[0], "head")]
    return text, {}, []


def _outside_code(text: str, change: Callable[[str], str]) -> str:
    """The text with a change of all that is not in a fenced block of code."""
    parts = _FENCED.split(text)
    return "".join(part if index % 2 else change(part) for index, part in enumerate(parts))


def _without_markup(text: str, left_out: list[tuple[str, str]]) -> str:
    def leave_out(found: "re.Match[str]") -> str:
        left_out.append((found["removed"], "markup"))
        return ""

    def as_line(found: "re.Match[str]") -> str:
        left_out.append(("|", "markup"))
        return f"{found['line'].strip()}  "

    for pattern in _MARKUP:
        text = pattern.sub(leave_out, text)
    return _VERSE.sub(as_line, text)
