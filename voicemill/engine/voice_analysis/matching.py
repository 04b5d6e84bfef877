"""Fitting the synthesizer to a recorded voice."""

import math
from dataclasses import replace
from typing import Final, Literal

import numpy as np

from voicemill.engine.synthesis.controls import Delivery
from voicemill.engine.synthesis.speaking import Synthesizers, spoken
from voicemill.engine.synthesis.spectrum import band_centres_hz
from voicemill.engine.synthesis.utterance import Speech
from voicemill.engine.voice_analysis.measures import RATE_HZ, Floats, Samples, VoiceMeasures, measure
from voicemill.engine.voices.timbre import Timbre, source_that_reaches

Mode = Literal["similarity", "stability"]

LEVEL_DB: Final = -23.0
"""The RMS of every voice's calibration text."""
CALIBRATION_TEXT: Final = (
    "The rainbow is a division of white light into many beautiful colors. These take the shape of a long round arch, "
    "with its path high above. Nine men were walking along the river."
)
# How much of the recording's spectrum is taken over. More sounds more like the speaker and is understood less: with a
# recognizer, full strength doubled the words lost.
STRENGTHS: Final[dict[Mode, float]] = {"similarity": 0.6, "stability": 0.35}
_MOST_EQ_DB: Final = 10.0
_ESPEAK_TRACTS: Final = np.linspace(0.94, 1.08, 15)
# The natural voice is a woman's, so a man's vocal tract lies further away.
_NATURAL_TRACTS: Final = np.linspace(0.82, 1.10, 29)


def timbre_like(recording: VoiceMeasures, base: Timbre, mode: Mode, synthesizers: Synthesizers) -> Timbre:
    """A timbre that speaks like a recording: its pitch, melody, pace, vocal tract and, in part, its spectrum."""
    start = replace(
        base,
        source=source_that_reaches(recording.f0_hz, base.source),
        f0_hz=recording.f0_hz,
        intonation=1.0,
        tract_ratio=1.0,
        brightness_db=0.0,
        eq_db=(),
    )
    tracts = _NATURAL_TRACTS if start.is_neural else _ESPEAK_TRACTS
    plain = measure(calibration(start, synthesizers))
    tract_ratio, rest_db = _tract_and_rest(recording.bands_db, plain.bands_db, tracts)
    fitted = replace(
        start,
        source=source_that_reaches(recording.f0_hz / tract_ratio, base.source),
        tract_ratio=tract_ratio,
        intonation=_within(recording.spread_semitones / plain.spread_semitones, 0.5, 1.8),
        rate_wpm=_within(start.rate_wpm * recording.syllables_per_s / plain.syllables_per_s, 120.0, 220.0),
        eq_db=tuple(np.clip(STRENGTHS[mode] * rest_db, -_MOST_EQ_DB, _MOST_EQ_DB).round(2).tolist()),
    )
    return calibrated(fitted, synthesizers)


def calibrated(timbre: Timbre, synthesizers: Synthesizers) -> Timbre:
    """The timbre corrected until its pitch is what it says and its loudness that of all voices."""
    wanted_hz = timbre.f0_hz
    spoken_text = calibration(timbre, synthesizers)
    corrected = replace(timbre, f0_hz=wanted_hz * wanted_hz / measure(spoken_text).f0_hz)
    spoken_text = calibration(corrected, synthesizers)
    rms_db = 10 * math.log10(float(np.mean(np.square(spoken_text, dtype=np.float64))))
    return replace(corrected, gain_db=round(corrected.gain_db + LEVEL_DB - rms_db, 2))


def calibration(timbre: Timbre, synthesizers: Synthesizers) -> Samples:
    """The calibration text at 24 kHz."""
    speech = Speech(
        transcript=CALIBRATION_TEXT,
        language="en",
        accent="gmw/en-US",
        timbre=timbre,
        delivery=Delivery(),
        sample_rate_hz=RATE_HZ,
    )
    return np.concatenate([utterance.samples for _, utterance in spoken(speech, synthesizers)])


def _tract_and_rest(wanted_db: Floats, plain_db: Floats, tracts: Floats) -> tuple[float, Floats]:
    """The formant ratio that fits best, tilt left aside, and the spectral difference that remains with it."""
    centres = band_centres_hz(plain_db.size)
    best: tuple[float, float, Floats] | None = None
    for ratio in tracts:
        rest = wanted_db - np.interp(centres, centres * ratio, plain_db)
        tilt = np.polyval(np.polyfit(np.log(centres), rest, 1), np.log(centres))
        error = float(np.square(rest - tilt).mean())
        if best is None or error < best[0]:
            best = error, float(ratio), rest
    assert best is not None
    return round(best[1], 4), best[2]


def _within(value: float, low: float, high: float) -> float:
    return float(min(max(value, low), high))
