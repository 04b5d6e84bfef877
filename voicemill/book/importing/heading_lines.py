"""Recognize headings by their words: for plain texts, and for books that mark no headings."""

import re
from typing import Final

_ONES: Final = "one|two|three|four|five|six|seven|eight|nine|first|second|third|fourth|fifth|sixth|seventh|eighth|ninth"
_WORDS: Final = (
    rf"(?:twen|thir|for|fif|six|seven|eigh|nine)t(?:y|ieth)(?:[- ](?:{_ONES}))?|"
    rf"(?:thir|four|fif|six|seven|eigh|nine)teen(?:th)?|ten(?:th)?|eleven(?:th)?|twelve|twelfth|{_ONES}|last|premier|première|deuxième|troisième|primero|primera|"
    r"segundo|segunda|tercero|tercera|primo|prima|secondo|terzo|eins|zwei|drei|vier|fünf|sechs|sieben|acht|neun|zehn"
)
_NUMBER: Final = rf"(?:[ivxlcdm]{{1,8}}|\d{{1,4}}|(?:the\s+)?(?:{_WORDS}))(?![\w’'])"
_CHAPTERS: Final = (
    "chapter|kapitel|chapitre|cap[ií]tulo|capitolo|hoofdstuk|canto|letter|act|scene|stave|adventure|"
    "sonnet|psalm|hymn|ode|elegy|fable|lesson|lecture|essay|night|day"
)
_PARTS: Final = "part|book|volume|vol\\.|teil|buch|band|livre|partie|parte|libro"
_SEPARATOR: Final = r"[.:,;)\]—–-]"
_LABELLED = re.compile(
    rf"(?:(?P<chapter>{_CHAPTERS})|(?P<part>{_PARTS}))\s+(?P<number>{_NUMBER})(?P<title>.*)", re.IGNORECASE | re.DOTALL
)
_GERMAN = re.compile(r"\w+(?:tes|stes|ster|te[rs]?)\s+(?P<name>kapitel|teil|buch|band)[.:]?", re.IGNORECASE)
_NAMED = re.compile(
    r"(?:prologue|epilogue|preface|foreword|introduction|afterword|conclusion|contents|table of contents|"
    r"acknowledge?ments|prolog|epilog|vorwort|nachwort|inhalt|introducción|prólogo|epílogo|préface|prologo|epilogo)[.:]?",
    re.IGNORECASE,
)
_BARE = re.compile(
    rf"(?P<number>[IVX]|[IVXLC]{{2,7}}|\d{{1,3}})(?P<mark>{_SEPARATOR}*)(?:[ \t]+(?P<title>[^\n]{{1,60}}))?"
)
_LEADING_NUMBER = re.compile(
    rf"\s*(?:(?:{_CHAPTERS}|{_PARTS})\s+)?{_NUMBER}(?:\s*{_SEPARATOR}+\s*|\s+|$)", re.IGNORECASE
)
_NUMBER_ONLY = re.compile(
    rf"\W*(?:[^\W\d_]+\s+)?(?:\d{{1,4}}|[IVXLCDM]{{1,8}}|(?i:(?:the\s+)?(?:{_WORDS})))\W*", re.DOTALL
)
_SENTENCE_ENDS: Final = (".", ",", ";", "!", "?", "”", '"', "’", "…")
_LONGEST: Final = 160
_LONGEST_TITLE: Final = 80
_MOST_LINES: Final = 3
_SMALL_WORDS = re.compile(
    r"an?|and|at|but|by|for|from|in|into|nor|of|on|or|the|to|with|à|aux?|des?|du|en|et|la|les?|d(?:er|ie|as|em|en)|eine?|"
    r"im|und|vo[nm]|zu[mr]?|del|el|l[oa]s|y|e|di|il?|lo|gli|o"
)


def heading_level(paragraph: str, before: str = "", following: str = "") -> int:
    """1 for the heading of a part, 2 for that of a chapter, 0 for other text.

    The paragraphs before and after tell a heading with a bare number from an item of a list.
    """
    text = paragraph.strip()
    if len(text) > _LONGEST or text.count("\n") >= _MOST_LINES:
        return 0
    if _NAMED.fullmatch(text):
        return 2
    if german := _GERMAN.fullmatch(text):
        return 2 if german["name"].lower() == "kapitel" else 1
    if labelled := _LABELLED.fullmatch(text):
        level = 2 if labelled["chapter"] else 1
        return level if _may_follow_number(labelled["title"], labelled["number"]) else 0
    is_listed = _has_bare_number(before.strip()) or _has_bare_number(following.strip())
    return 2 if following.strip() and not is_listed and _has_bare_number(text, alone=True) else 0


def is_number_only(heading: str) -> bool:
    """Whether a heading is only a number, perhaps with a word before it: `Chapter Two`, `IV.`."""
    return _NUMBER_ONLY.fullmatch(heading.strip()) is not None


def without_number(title: str) -> str:
    """A title without the number of its chapter: `The Sea` for `Chapter 2: The Sea`, empty for `Chapter 2`."""
    return _LEADING_NUMBER.sub("", title, count=1)


def is_title(paragraph: str) -> bool:
    """Whether a paragraph reads like the title below the number of a chapter: words with capitals."""
    text = " ".join(paragraph.split())
    if not text or len(text) > _LONGEST_TITLE or paragraph.strip().count("\n") >= _MOST_LINES or text[0] in "“\"‘'—":
        return False
    if text.isupper():
        return True
    return _is_capitalized(text) and not text.endswith(_SENTENCE_ENDS[1:]) and (" " in text or text[-1] != ".")


def _may_follow_number(rest: str, number: str) -> bool:
    """Whether what follows a label and its number is a title, rather than the rest of a sentence: `Book I read`."""
    title = rest.strip()
    if not title or rest.lstrip(" \t").startswith("\n") or re.match(rf"\s*{_SEPARATOR}", rest):
        return True
    return not title[0].islower() or (number != "I" and not title.endswith(_SENTENCE_ENDS))


def _has_bare_number(text: str, *, alone: bool = False) -> bool:
    """Whether a line is a number and perhaps a title; `alone` accepts one without a title as well."""
    found = _BARE.fullmatch(text)
    if found is None:
        return False
    title = (found["title"] or "").strip()
    if not title:
        return alone
    if title.isupper():
        return True
    return bool(found["mark"]) and title[0].isupper() and not title.endswith(_SENTENCE_ENDS)


def _is_capitalized(text: str) -> bool:
    words = [word.strip("“”‘’'\"(),.:;!?—-") for word in text.split()]
    return all(not word or word[0].isupper() or word[0].isdigit() or _SMALL_WORDS.fullmatch(word) for word in words)
