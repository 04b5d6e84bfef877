"""Differences between the spoken and the shown text: pronunciations, and the parts of other speakers."""

from typing import Literal, NamedTuple

Speed = Literal["slow", "normal", "fast"] | float


class Pronunciation(NamedTuple):
    """A word or phrase and its replacement: `say`, or `ipa` for services that support phonemes.

    With `whole_word`, it is not replaced within longer words; with `match_case`, capitals and small letters differ.
    """

    text: str
    say: str = ""
    ipa: str = ""
    whole_word: bool = True
    match_case: bool = False


class SpeakerPart(NamedTuple):
    """A part of a row's text with its voice and controls. `volume` is a factor, 1 for no change."""

    text: str
    speaker: str
    voice_id: str
    speed: Speed | None = None
    emotion: tuple[str, ...] = ()
    volume: float = 1.0
