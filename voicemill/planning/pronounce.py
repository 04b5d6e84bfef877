"""Apply pronunciations to a text: the sent text then differs from the shown one, and each replacement is recorded."""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Final, NamedTuple

from voicemill.model import EMBEDDED_PREFIX, Pronunciation
from voicemill.model.service_tags import masked

_PHONEMES: Final = re.compile(r"tʃ|dʒ|ts|dz|aɪ|aʊ|eɪ|oʊ|ɔɪ|əʊ|ɪə|eə|ʊə|\S")
_WITH_PHONEMES: Final = ("hibari.", "kokoro.", "whisper", "openai-stt.")
"""How the parts of the embedded engine's name start that speak phonemes or do not speak."""
_ATTACHED: Final = "ːˑʰʲʷ\u0361\u035c"


class Replaced(NamedTuple):
    """A replaced passage of the sent text, from `start` to `stop`, and the words to show for it."""

    start: int
    stop: int
    shown: str


class Pronounced(NamedTuple):
    """A text to send, and the replacements in it, in order."""

    sent: str
    replaced: tuple[Replaced, ...] = ()


def pronounced(text: str, rules: tuple[Pronunciation, ...], service: str) -> Pronounced:
    """Apply the pronunciations to a text. The service's tags and spelled text are not changed."""
    if not rules or not (found := list(_found(text, rules, service))):
        return Pronounced(text)
    pieces: list[str] = []
    replaced: list[Replaced] = []
    position = length = 0
    for start, stop, said in found:
        pieces += [text[position:start], said]
        length += start - position
        replaced.append(Replaced(length, length + len(said), text[start:stop]))
        length += len(said)
        position = stop
    return Pronounced("".join([*pieces, text[position:]]), tuple(replaced))


def shown(sent: str, replaced: Sequence[Replaced]) -> str:
    """The text to show for a sent text: the inverse of `pronounced`."""
    for start, stop, words in reversed(replaced):
        sent = sent[:start] + words + sent[stop:]
    return sent


def applies(rule: Pronunciation, text: str) -> bool:
    """Whether a text contains the words of a pronunciation."""
    return _pattern((rule,)).search(masked(text)) is not None


def said_as(rule: Pronunciation, service: str) -> str:
    """The text to send for a pronunciation; empty if it has only phonemes and the service does not support them.

    The service gets the phonemes, the embedded engine rather `say`.
    """
    if rule.ipa and supports_phonemes(service) and not (rule.say and service.startswith(EMBEDDED_PREFIX)):
        return f"<<{'|'.join(phonemes(rule.ipa))}>>"
    return rule.say


def supports_phonemes(service: str) -> bool:
    """Whether a service speaks inline phonemes; a speech server or plug-in behind the embedded engine may not."""
    engine, *parts = service.split("+")
    return not engine.startswith(EMBEDDED_PREFIX) or all(part.startswith(_WITH_PHONEMES) for part in parts)


def is_phonemes(sent: str) -> bool:
    """Whether the sent text of a replacement consists of phonemes."""
    return sent.startswith("<<")


def phonemes(ipa: str) -> list[str]:
    """The phonemes of a word, separated as the service expects; phonemes separated by bars are not changed."""
    bare = ipa.strip().strip("/[]<>").strip()
    if "|" in bare:
        return [each for each in bare.split("|") if each]
    found: list[str] = []
    for each in _PHONEMES.findall(unicodedata.normalize("NFC", bare).replace(".", "")):
        if found and (each in _ATTACHED or unicodedata.combining(each[0])):
            found[-1] += each
        else:
            found.append(each)
    return found


def _found(text: str, rules: tuple[Pronunciation, ...], service: str) -> Iterator[tuple[int, int, str]]:
    for match in _pattern(rules).finditer(masked(text)):
        rule = rules[int((match.lastgroup or "r0")[1:])]
        if said := said_as(rule, service):
            yield match.start(), match.end(), said


@lru_cache(64)
def _pattern(rules: tuple[Pronunciation, ...]) -> re.Pattern[str]:
    """All rules as one pattern; of rules that match at the same place, the longest counts."""
    ordered = sorted(enumerate(rules), key=lambda numbered: -len(numbered[1].text))
    return re.compile("|".join(f"(?P<r{number}>{_one(rule)})" for number, rule in ordered))


def _one(rule: Pronunciation) -> str:
    words = r"\s+".join(re.escape(word) for word in rule.text.split())
    words = words if rule.match_case else f"(?i:{words})"
    return rf"(?<!\w){words}(?!\w)" if rule.whole_word else words
