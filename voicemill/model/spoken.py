"""What a row speaks: its text, with its voice and controls, the parts of speakers, and pronunciations."""

from dataclasses import dataclass
from typing import Final, Literal, NamedTuple

from voicemill.model.recordings import Recording

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


@dataclass(frozen=True, slots=True)
class Speech:
    """The text that a row speaks and how it is spoken. A converted recording has only a voice."""

    text: str = ""
    """Empty until the row in `text_from` is done, if that is set."""
    text_from: Recording | None = None
    """The row whose transcript is spoken."""
    voice_id: str = ""
    speed: Speed | None = None
    emotion: tuple[str, ...] = ()
    parts: tuple[SpeakerPart, ...] = ()
    """The text by speaker, where several speak it; empty where one voice speaks all of it."""
    pronunciations: tuple[Pronunciation, ...] = ()
    """The pronunciations of words in the text."""


NO_SPEECH: Final = Speech()
"""The speech of a row that only transcribes."""
