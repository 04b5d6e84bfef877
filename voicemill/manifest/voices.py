"""The voices of a service, found by id or by name."""

import unicodedata
from collections.abc import Sequence
from difflib import get_close_matches

from voicemill.model import Voice


class VoiceBook:
    """The voices of a service, in its order."""

    def __init__(self, voices: Sequence[Voice]) -> None:
        self._voices = tuple(voices)
        self._by_id = {_folded(voice.id): voice for voice in reversed(self._voices)}
        self._by_name: dict[str, list[Voice]] = {}
        for voice in self._voices:
            self._by_name.setdefault(_folded(voice.name), []).append(voice)

    def resolve(self, name_or_id: str, language: str) -> Voice:
        """The voice of that id or name, in upper or lower case; where it is empty, the first that speaks `language`.

        Raises `LookupError` whose text tells the user what to write instead.
        """
        wanted = _folded(name_or_id)
        if not wanted:
            return self._first_speaker(language)
        if voice := self._by_id.get(wanted):
            return voice
        namesakes = self._by_name.get(wanted, [])
        if len(namesakes) == 1:
            return namesakes[0]
        raise LookupError(_ambiguous(name_or_id, namesakes) if namesakes else self._unknown(name_or_id))

    def _first_speaker(self, language: str) -> Voice:
        wanted = _primary(language)
        for voice in self._voices:
            if _primary(voice.language) == wanted:
                return voice
        raise LookupError(f"no voice is given, and the service has none for the language {language!r}; name a voice")

    def _unknown(self, name_or_id: str) -> str:
        names = {_folded(voice.name): voice.name for voice in self._voices}
        close = get_close_matches(_folded(name_or_id)[:100], names, n=3, cutoff=0.6)
        if close:
            return f"there is no voice {name_or_id!r}; did you mean {' or '.join(repr(names[name]) for name in close)}?"
        some = ", ".join(repr(voice.name) for voice in self._voices[:5])
        remedy = f"use a voice's name or id, such as {some}" if some else "the service lists no voices at all"
        return f"there is no voice {name_or_id!r}; {remedy}"


def _ambiguous(name: str, namesakes: list[Voice]) -> str:
    ids = ", ".join(f"{voice.id} ({voice.language})" for voice in namesakes)
    return f"{len(namesakes)} voices are named {name!r}; write the id of the one you mean: {ids}"


def _folded(text: str) -> str:
    return unicodedata.normalize("NFC", text.strip()).casefold()


def _primary(language: str) -> str:
    return language.replace("_", "-").split("-")[0].casefold()
