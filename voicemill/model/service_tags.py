"""The markup tags that the service supports in a transcript: pauses, controls and spelling.

They control how a text is spoken and are not spoken themselves: `<break time="1s"/>`, `<emotion value="sad"/>`,
`<speed ratio="1.2"/>`, `<volume ratio="0.8"/>` and `<spell>AB12</spell>`.
"""

import re
from itertools import takewhile
from typing import Final, NamedTuple

_CONTROL: Final = r"</?(?:break|emotion|speed|volume)\b[^<>]*>"
_SPELL: Final = r"<spell\s*>(?P<spelled>.*?)</spell\s*>"
_ANY: Final = re.compile(rf"(?P<control>{_CONTROL})|{_SPELL}|(?P<lone></?spell\s*>)", re.IGNORECASE | re.DOTALL)
_NAME: Final = re.compile(r"</?\s*([a-z]+)", re.IGNORECASE)
_PAUSE: Final = re.compile(r"<break\b[^<>]*?time\s*=\s*[\"']?\s*(\d+(?:\.\d+)?|\.\d+)\s*(ms|s)?", re.IGNORECASE)
_FRAGMENT: Final = re.compile(
    r"</?(?:break|emotion|speed|volume|spell)\b[^<>\s]*/?>?|\b(?:time|value|ratio)\s*=\s*[\"'][^\"'<>]*[\"']\s*/?>?",
    re.IGNORECASE,
)
LONGEST_PAUSE_S: Final = 60.0
"""A longer pause counts as one of this length."""
BLANK: Final = "\x1f"
"""Stands for each character of a control tag in `masked`: white space that no transcript contains."""
SPELLED: Final = "\u02bc"
"""Stands for each character of spelled text in `masked`: a letter without case."""


class Part(NamedTuple):
    """A part of a transcript: text to speak, letters to spell, or a pause."""

    text: str = ""
    is_spelled: bool = False
    pause_s: float = 0.0


def has_tags(text: str) -> bool:
    """Whether a text contains any of the service's tags."""
    return "<" in text and _ANY.search(text) is not None


def without_tags(text: str) -> str:
    """The text as it is read and counted: without tags, with the letters of spelled text, and a space for each tag."""
    if not has_tags(text):
        return text
    bare = _ANY.sub(lambda found: found["spelled"] or _gap(found), text)
    return re.sub(r"[^\S\n]{2,}", " ", bare) if bare.strip() else ""


def masked(text: str) -> str:
    """The text with its control tags replaced by `BLANK`, and spelled text by `SPELLED`; its length stays the same."""
    if not has_tags(text):
        return text
    return _ANY.sub(lambda found: (BLANK if found["spelled"] is None else SPELLED) * len(found[0]), text)


def tags_in(text: str) -> list[str]:
    """The control tags of a text, in order."""
    return [found[0] for found in _ANY.finditer(text) if found["control"]] if has_tags(text) else []


def in_force(tags: list[str]) -> list[str]:
    """The control tags that still apply after all of `tags`: the last one of each name, without pauses."""
    last: dict[str, str] = {}
    for tag in tags:
        last.pop(_name(tag), None)
        if not is_pause(tag) and not tag.startswith("</"):
            last[_name(tag)] = tag
    return list(last.values())


def is_pause(tag: str) -> bool:
    """Whether a control tag is a pause."""
    return _name(tag) == "break"


def parts(text: str) -> list[Part]:
    """Split a transcript into text to speak, text to spell, and pauses, in order."""
    found: list[Part] = []
    spoken, position = "", 0
    for match in _ANY.finditer(text):
        spoken += text[position : match.start()]
        position = match.end()
        pauses = bool(match["control"]) and is_pause(match[0])
        if match["spelled"] is None and not pauses:
            spoken += " "
            continue
        pause = Part(pause_s=_pause_s(match[0]))
        found += [Part(spoken), pause if pauses else Part(match["spelled"], is_spelled=True)]
        spoken = ""
    found.append(Part(spoken + text[position:]))
    return [part for part in found if part.text.strip() or part.pause_s]


def edge_pauses_s(text: str) -> tuple[float, float]:
    """The pauses that a transcript asks for before its first and after its last word, in seconds."""
    found = parts(text) if has_tags(text) else []
    return _pauses_s(found), _pauses_s(found[::-1])


def _pauses_s(found: list[Part]) -> float:
    return sum(min(part.pause_s, LONGEST_PAUSE_S) for part in takewhile(lambda part: part.pause_s, found))


def without_fragments(word: str) -> str:
    """A word as returned by a service, without fragments of tags: services split texts at spaces, also within tags."""
    return _FRAGMENT.sub("", word) if "<" in word or "=" in word else word


def _gap(found: "re.Match[str]") -> str:
    return " " if found["control"] else ""


def _name(tag: str) -> str:
    found = _NAME.match(tag)
    return found[1].lower() if found else ""


def _pause_s(tag: str) -> float:
    found = _PAUSE.match(tag)
    if found is None:
        return 0.0
    return float(found[1]) / (1000 if (found[2] or "").lower() == "ms" else 1)
