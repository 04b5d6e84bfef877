"""Suggest who speaks each quotation of a chapter, from the words beside it. A suggestion has a confidence."""

import re
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from voicemill.text.speaker_markup import parts_by_speaker

_QUOTE = re.compile(r"“[^“”]+”|\"[^\"\n]+\"|«[^«»]+»|„[^„“”]+[“”]|‘(?:[^‘’]|’(?=\w))+’(?!\w)")
_VERBS: Final = (
    "said|says|asked|cried|replied|answered|whispered|shouted|exclaimed|murmured|muttered|added|continued|began|"
    "called|returned|remarked|observed|repeated|screamed|roared|sighed|laughed|snapped|went on|agreed|told|inquired"
)
_TITLES: Final = "Mr|Mrs|Ms|Miss|Dr|Sir|Lady|Lord|Captain|Aunt|Uncle"
_NAME: Final = rf"(?P<name>(?:(?:{_TITLES})\.?\s+)?[A-Z][\w’'-]+(?:\s+[A-Z][\w’'-]+)?)"
_OTHER: Final = _NAME.replace("name", "other")
_AFTER = re.compile(rf"^[\s,—–-]*(?:(?:{_VERBS})\s+{_NAME}|{_OTHER}\s+(?:{_VERBS})\b)")
_BEFORE = re.compile(rf"(?:{_NAME}\s+(?:\w+ly\s+)?(?:{_VERBS})|(?:{_VERBS})\s+{_OTHER})[^.!?\n]{{0,30}}[,:]\s*$")
_NOT_NAMES: Final = frozenset(
    {"He", "She", "It", "They", "I", "We", "You", "The", "A", "An", "But", "And", "Then", "So"}
)
_NAMED_AFTER, _NAMED_BEFORE, _SAME_PARAGRAPH, _ALTERNATING = 0.95, 0.85, 0.8, 0.4


class Suggestion(NamedTuple):
    """Who may speak a quotation. `start` and `stop` count characters of the text file; `why` names the evidence."""

    start: int
    stop: int
    quote: str
    speaker: str
    confidence: float
    why: str


def suggestions(text: str) -> list[Suggestion]:
    """The quotations of a text for which a speaker can be suggested; those with markup already are passed over."""
    found: list[Suggestion] = []
    turns: list[str] = []
    for start, paragraph in _paragraphs(text):
        if any(part.speaker for part in parts_by_speaker(paragraph)):
            turns.clear()
            continue
        quotes = [*_QUOTE.finditer(paragraph)]
        named = _first_named(paragraph, quotes)
        if quotes and named is None:
            named = _alternating(turns)
        if quotes:
            turns.append(named[0] if named else "")
        else:
            turns.clear()
        if named:
            found += _of_paragraph(start, quotes, named)
    return found


def with_speakers(text: str, chosen: Sequence[Suggestion]) -> str:
    """The text with markup for the chosen quotations."""
    for one in sorted(chosen, reverse=True):
        text = f"{text[: one.start]}{{{one.speaker}|{text[one.start : one.stop]}}}{text[one.stop :]}"
    return text


def _paragraphs(text: str) -> Iterator[tuple[int, str]]:
    start = 0
    for paragraph in text.split("\n\n"):
        yield start, paragraph
        start += len(paragraph) + 2


def _first_named(paragraph: str, quotes: Sequence["re.Match[str]"]) -> tuple[str, float, str] | None:
    """The speaker that the words beside a quotation name, with the confidence and the evidence."""
    for quote in quotes:
        if (after := _AFTER.match(paragraph[quote.end() :])) and (name := _name_in(after)):
            return name, _NAMED_AFTER, after[0].strip(" ,—–-")
        if (before := _BEFORE.search(paragraph[: quote.start()])) and (name := _name_in(before)):
            return name, _NAMED_BEFORE, before[0].strip(" ,:")
    return None


def _name_in(found: "re.Match[str]") -> str:
    names = [" ".join(name.split()) for name in found.groupdict().values() if name]
    return next((name for name in names if name.split()[0] not in _NOT_NAMES), "")


def _alternating(turns: Sequence[str]) -> tuple[str, float, str] | None:
    """In a dialogue of two, the speaker before the last one."""
    if len(turns) >= 2 and turns[-1] and turns[-2] and turns[-1] != turns[-2]:
        return turns[-2], _ALTERNATING, "alternating with the lines before"
    return None


def _of_paragraph(start: int, quotes: Sequence["re.Match[str]"], named: tuple[str, float, str]) -> Iterator[Suggestion]:
    name, confidence, why = named
    for index, quote in enumerate(quotes):
        sure = confidence if not index else min(confidence, _SAME_PARAGRAPH)
        if not {"{", "}", "|"} & set(quote[0]):
            yield Suggestion(start + quote.start(), start + quote.end(), quote[0], name, sure, why)
