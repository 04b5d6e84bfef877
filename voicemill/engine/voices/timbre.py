"""The acoustic description of a voice."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, Final

ESPEAK_SOURCES: Final = ("klatt4", "klatt3", "f2", "m3", "Reed")
"""Glottal sources of the small engine: variants of espeak-ng."""
NEURAL_SOURCE: Final = "hibari"
"""The source of the natural voices, which speak English only."""
SOURCES: Final = (*ESPEAK_SOURCES, NEURAL_SOURCE)
NEURAL_LANGUAGE: Final = "en"
# Measured on eight sentences of the model's own voice.
NEURAL_F0_HZ: Final = 186.0
NEURAL_WPM: Final = 165.0

# Mean pitch of espeak-ng 1.52's male base over its `pitch` setting, at range 50 (measured on two sentences), and how
# much higher the base of other sources lies.
PITCH_SETTINGS: Final = (0.0, 25.0, 50.0, 75.0, 99.0)
PITCH_HZ: Final = (71.0, 84.0, 104.0, 133.0, 172.0)
SOURCE_PITCH: Final = {"f2": 1.91, "m3": 1.04, "Reed": 1.13}

_ESPEAK_GAIN_DB: Final = -2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Timbre:
    """One speaker.

    - `source`: the voice that is modified, one of `SOURCES`.
    - `f0_hz`: mean pitch.
    - `intonation`: factor on the pitch range; 1 is that of the source.
    - `rate_wpm`: pace in words per minute.
    - `tract_ratio`: factor on the formant frequencies of the source; above 1 for a shorter vocal tract.
    - `brightness_db`: gain per octave above 1 kHz, and loss per octave below.
    - `eq_db`: further gains in bands of equal width on the mel scale, see `synthesis.spectrum`.
    - `gain_db`: brings all voices to the same loudness.
    - `backend`, `speaker`: the speech backend that speaks instead of the built-in ones, and its speaker. Of the other
      fields only the spectrum and the gain then apply.
    """

    source: str = "klatt4"
    f0_hz: float = 105.0
    intonation: float = 1.0
    rate_wpm: float = 165.0
    tract_ratio: float = 1.0
    brightness_db: float = 0.0
    eq_db: tuple[float, ...] = ()
    gain_db: float = 0.0
    backend: str = ""
    speaker: str = ""

    @property
    def is_neural(self) -> bool:
        """Whether the natural English model speaks."""
        return self.source == NEURAL_SOURCE and not self.backend


def timbre_from(record: Mapping[str, Any]) -> Timbre:
    """A timbre from its fields as JSON; unknown ones, which other versions wrote, are ignored."""
    known: dict[str, Any] = {field.name: record[field.name] for field in fields(Timbre) if field.name in record}
    known["eq_db"] = tuple(known.get("eq_db", ()))
    return Timbre(**known)


def source_that_reaches(f0_hz: float, source: str) -> str:
    """`source`, or the feminine espeak-ng source when the pitch is too high for it."""
    if source == NEURAL_SOURCE or f0_hz <= PITCH_HZ[-1] * SOURCE_PITCH.get(source, 1.0):
        return source
    return "f2"


def espeak_timbre(timbre: Timbre) -> Timbre:
    """The nearest timbre that espeak-ng can speak: the same pitch, intonation and pace."""
    if not timbre.is_neural:
        return timbre
    source = source_that_reaches(timbre.f0_hz, ESPEAK_SOURCES[0])
    return replace(timbre, source=source, tract_ratio=1.0, brightness_db=0.0, eq_db=(), gain_db=_ESPEAK_GAIN_DB)
