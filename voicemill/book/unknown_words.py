"""Find the words of a book that a speech model is likely to misread: names and words that no dictionary has."""

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

from voicemill.model.service_tags import without_tags

_WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")
_SENTENCE_START = re.compile(r"(?:^|[.!?…:]['\"”’»)\]]*\s+|\n\s*|['\"“‘«„]\s*)\Z")
_ENDINGS = ("'s", "’s", "s'", "s’", "s", "es", "ed", "ing", "ly", "er", "d")
_NUMERAL = re.compile(r"[IVXLCDM]+", re.IGNORECASE)
_CONTEXT_CHARACTERS = 60


class UnknownWord(NamedTuple):
    """A word, how often it occurs, whether it is a name, and where it first occurs."""

    text: str
    occurrences: int
    is_name: bool
    example: str


def unknown_words(texts: Iterable[str], known: Collection[str]) -> list[UnknownWord]:
    """The words of the texts that are not among `known`, which are in lower case; the most frequent come first.

    Without known words, only names are found: words that are capitalized within sentences and never in lower case.
    """
    places: dict[str, list[tuple[str, int, bool]]] = defaultdict(list)
    for text in map(without_tags, texts):
        for found in _WORD.finditer(text):
            places[_stem(found[0])].append((text, found.start(), _is_name_at(text, found)))
    lower = {word for word in places if word[:1].islower()}
    unknown = [
        UnknownWord(word, len(spots), any(is_name for *_, is_name in spots), _example(word, *spots[0][:2]))
        for word, spots in places.items()
        if _is_unknown(word, known, lower)
    ]
    wanted = (word for word in unknown if word.is_name or (known and word.text.islower()))
    return sorted(wanted, key=lambda word: (-word.occurrences, word.text))


@cache
def english_words() -> frozenset[str]:
    """The words of the CMU Pronouncing Dictionary, in lower case."""
    from pocketsphinx import get_model_path

    lines = Path(get_model_path("en-us/cmudict-en-us.dict")).read_text(encoding="utf-8").splitlines()
    return frozenset(line.split(maxsplit=1)[0].partition("(")[0] for line in lines if line)


def _stem(word: str) -> str:
    for ending in ("'s", "’s"):
        word = word.removesuffix(ending)
    return word


def _is_name_at(text: str, found: "re.Match[str]") -> bool:
    word = found[0]
    is_capitalized = word[:1].isupper() and not word.isupper()
    return is_capitalized and not _SENTENCE_START.search(text[max(0, found.start() - 8) : found.start()])


def _is_unknown(word: str, known: Collection[str], lower: Collection[str]) -> bool:
    plain = word.casefold().translate({ord("’"): "'"})
    if len(plain) < 3 or _NUMERAL.fullmatch(word) or (word[:1].isupper() and plain in lower):
        return False
    return not (known and all(_is_known(part, known) for part in plain.split("-")))


def _is_known(word: str, known: Collection[str]) -> bool:
    return word in known or any(base in known for base in _bases(word))


def _bases(word: str) -> Iterator[str]:
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) > len(ending) + 2:
            base = word.removesuffix(ending)
            yield from (base, f"{base}e", base[:-1] if base[-1:] == base[-2:-1] else base)


def _example(word: str, text: str, position: int) -> str:
    start = max(0, position - _CONTEXT_CHARACTERS)
    stop = position + len(word) + _CONTEXT_CHARACTERS
    return " ".join(text[start:stop].split())
