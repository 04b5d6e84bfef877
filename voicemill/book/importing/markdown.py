"""Markdown as HTML, with what Pandoc adds to it: title blocks, attributes, divisions and lines of verse."""

import re
from collections.abc import Callable
from typing import Any, Final

_FRONT_MATTER = re.compile(
    r"\A(?:---[ \t]*\n(?P<yaml>.*?)\n(?:---|\.\.\.)|\+\+\+[ \t]*\n(?P<toml>.*?)\n\+\+\+)[ \t]*(?:\n|\Z)", re.DOTALL
)
_LIST = re.compile(r"^(?P<name>[A-Za-z]+)[ \t]*:[ \t]*\n(?P<values>(?:[ \t]*-[ \t]+[^\n]+(?:\n|\Z))+)", re.MULTILINE)
_NOTE = re.compile(r"^( {0,3}\[\^)([^\]\s]+)(?=\]:)", re.MULTILINE)
_FIELD = re.compile(r"^(?P<name>[A-Za-z]+)[ \t]*[:=][ \t]*(?P<value>.+?)[ \t]*$", re.MULTILINE)
_FIELDS: Final = {"title": "title", "author": "author", "lang": "language", "language": "language"}
_TITLE_BLOCK = re.compile(r"\A%[ \t]*(?P<title>[^\n]*)(?:\n%[ \t]*(?P<author>[^\n]*))?(?:\n%[^\n]*)?(?:\n|\Z)")
_MARKUP: Final = (
    re.compile(r"(?<=\S)[ \t]+#*[ \t]*(?P<removed>\{[#.\-][^{}\n]*\})(?=[ \t]*$)", re.MULTILINE),
    re.compile(r"(?<=[\])`])(?P<removed>\{[#.][^{}\n]*\})"),
    re.compile(r"^(?P<removed>:{3,}[^\n]*)$", re.MULTILINE),
    re.compile(r"^(?P<removed>\[(?:TOC|\[_TOC_\])\])[ \t]*$", re.MULTILINE | re.IGNORECASE),
    re.compile(r"^(?P<removed>\\(?:newpage|pagebreak|clearpage|cleardoublepage))[ \t]*$", re.MULTILINE),
)
"""Attributes of headings, links and code, the lines around a division, the place of contents, and page commands."""
_VERSE = re.compile(r"^\|[ \t](?![^\n]*\|[ \t]*$)(?P<line>[^\n]*)$", re.MULTILINE)
_FENCED = re.compile(r"(^(?:```|~~~).*?^(?:```|~~~)[ \t]*$)", re.MULTILINE | re.DOTALL)


def html_of_markdown(text: str) -> tuple[str, dict[str, str], list[tuple[str, str]]]:
    """A Markdown text as HTML, the title, author and language that it names, and what was left out, with its rule."""
    from markdown_it import MarkdownIt
    from mdit_py_plugins.footnote import footnote_plugin

    text, fields, left_out = _without_title(text)
    text = _outside_code(text, lambda part: _without_markup(part, left_out))
    parser = MarkdownIt("commonmark").enable(["table", "strikethrough"]).use(footnote_plugin)
    text, notes = _with_distinct_notes(text), dict[str, Any]()
    made = parser.render(text, notes)
    if unused := [label[1:] for label, count in notes.get("footnotes", {}).get("refs", {}).items() if count < 0]:
        made = parser.render(f"{text}\n\n{''.join(f'[^{label}]' for label in unused)}\n")
    return f"<html><body>{made}</body></html>", fields, left_out


def _without_title(text: str) -> tuple[str, dict[str, str], list[tuple[str, str]]]:
    if front := _FRONT_MATTER.match(text):
        written = front["yaml"] or front["toml"] or ""
        found = {each["name"].lower(): each["value"].strip("\"'") for each in _FIELD.finditer(written)}
        found |= {each["name"].lower(): _joined(each["values"]) for each in _LIST.finditer(written + "\n")}
        fields = {_FIELDS[name]: value for name, value in found.items() if name in _FIELDS}
        return text[front.end() :], fields, [(front[0], "head")]
    if block := _TITLE_BLOCK.match(text):
        named = {name: value.strip() for name, value in block.groupdict().items() if value and value.strip()}
        return text[block.end() :], named, [(block[0], "head")]
    return text, {}, []


def _joined(values: str) -> str:
    names = [line.strip().removeprefix("-").strip().strip("\"'") for line in values.splitlines()]
    return " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))


def _with_distinct_notes(text: str) -> str:
    """The text with another mark for each note whose mark is taken; the parser keeps only one of several."""
    seen: dict[str, int] = {}

    def distinct(found: "re.Match[str]") -> str:
        number = seen[found[2]] = seen.get(found[2], 0) + 1
        return found[0] if number == 1 else f"{found[0]}-{number}"

    return _outside_code(text, lambda part: _NOTE.sub(distinct, part))


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
