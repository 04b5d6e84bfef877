"""What makes a voice sound as it does, as numbers."""

from dataclasses import dataclass
from typing import Final

SOURCES: Final = ("klatt4", "klatt3", "f2", "m3", "Reed")
"""The glottal sources a voice may have: variants of espeak-ng."""
# Mean pitch of espeak-ng 1.52's male base over its `pitch` setting, at range 50 (measured on two sentences), and how
# much higher the base of other sources lies.
PITCH_SETTINGS: Final = (0.0, 25.0, 50.0, 75.0, 99.0)
PITCH_HZ: Final = (71.0, 84.0, 104.0, 133.0, 172.0)
SOURCE_PITCH: Final = {"f2": 1.91, "m3": 1.04, "Reed": 1.13}


@dataclass(frozen=True, slots=True, kw_only=True)
class Timbre:
    """One speaker.

    `source`: the synthesizer's glottal source, an espeak-ng variant. `f0_hz`: the mean pitch. `intonation`: how far
    the pitch moves, 1 is the synthesizer's own. `tract_ratio`: formant frequencies against the synthesizer's, above 1
    for a shorter vocal tract. `brightness_db`: added per octave above 1 kHz, taken away below. `eq_db`: further gains
    in bands of equal width on the mel scale, see `speech.spectrum`. `gain_db` brings every voice to one loudness.
    `piper_model`: the file of one of the user's own Piper models, which then speaks instead (as its `piper_speaker`);
    of the rest only the spectrum and the gain then count.
    """

    source: str = "klatt4"
    f0_hz: float = 105.0
    intonation: float = 1.0
    rate_wpm: float = 165.0
    tract_ratio: float = 1.0
    brightness_db: float = 0.0
    eq_db: tuple[float, ...] = ()
    gain_db: float = 0.0
    piper_model: str | None = None
    piper_speaker: int | None = None


def source_that_reaches(f0_hz: float, source: str) -> str:
    """`source`, or the feminine one when the pitch is too high for it."""
    return source if f0_hz <= PITCH_HZ[-1] * SOURCE_PITCH.get(source, 1.0) else "f2"
