"""The voices of a service, found by id or by name."""

import hashlib
import unicodedata
from collections.abc import Sequence
from difflib import get_close_matches

from voicemill.model import Voice

# A guess among 500 names takes 0.7 ms, which a million wrong rows would not bear.
_MOST_GUESSES = 1000


class VoiceDirectory:
    """The voices of a service, in its order. `resolved` has the name of each voice that was found, by id."""

    def __init__(self, voices: Sequence[Voice]) -> None:
        self._voices = tuple(voices)
        self.resolved: dict[str, str] = {}
        self._guesses_left = _MOST_GUESSES
        self._by_id = {_folded(voice.id): voice for voice in reversed(self._voices)}
        self._by_name: dict[str, list[Voice]] = {}
        for voice in self._voices:
            self._by_name.setdefault(_folded(voice.name), []).append(voice)

    @property
    def fingerprint(self) -> str:
        """A hash of all voices, in order."""
        return hashlib.sha256(repr(self._voices).encode()).hexdigest()

    def resolve(self, name_or_id: str, language: str) -> Voice:
        """The voice of that id or name, in upper or lower case; where it is empty, the first that speaks `language`.

        Raises `LookupError` whose text tells the user what to write instead.
        """
        voice = self._find(name_or_id, language)
        self.resolved[voice.id] = voice.name
        return voice

    def _find(self, name_or_id: str, language: str) -> Voice:
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
        if not self._voices:
            return f"there is no voice {name_or_id!r}, because the service lists no voices; check its address"
        close = self._similar(name_or_id)
        if close:
            return f"there is no voice {name_or_id!r}; did you mean {' or '.join(map(repr, close))}?"
        some = ", ".join(repr(voice.name) for voice in self._voices[:3])
        return (
            f"there is no voice {name_or_id!r}; use a name or an id that 'voicemill voices list' prints, such as {some}"
        )

    def _similar(self, name: str) -> list[str]:
        if not self._guesses_left:
            return []
        self._guesses_left -= 1
        close = get_close_matches(_folded(name)[:100], self._by_name, n=3, cutoff=0.6)
        return [self._by_name[known][0].name for known in close]


def _ambiguous(name: str, namesakes: list[Voice]) -> str:
    ids = ", ".join(f"{voice.id} ({voice.language})" for voice in namesakes)
    return f"{len(namesakes)} voices are named {name!r}; write the id of the one you mean: {ids}"


def _folded(text: str) -> str:
    return unicodedata.normalize("NFC", text.strip()).casefold()


def _primary(language: str) -> str:
    return language.replace("_", "-").split("-")[0].casefold()
