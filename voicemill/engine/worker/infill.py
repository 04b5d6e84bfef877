"""The job that generates an infill between two recordings."""

import math
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import numpy as np

from voicemill.audio.encode import encode
from voicemill.engine.synthesis.loudness import amplified
from voicemill.engine.synthesis.speaking import spoken
from voicemill.engine.synthesis.spectrum import shaped
from voicemill.engine.synthesis.utterance import Speech
from voicemill.engine.voice_analysis.measures import RATE_HZ, NoVoice, Samples, VoiceMeasures, level_db, measure
from voicemill.engine.voice_analysis.world import with_pitch_changed
from voicemill.engine.voices.timbre import source_that_reaches
from voicemill.engine.worker.tts import speech_of, synthesizers
from voicemill.engine.worker.uploads import clip
from voicemill.model.audio_formats import AudioFormat
from voicemill.processes.frames import Frame

LONGEST_S: Final = 900.0
CONTEXT_S: Final = 10.0
"""The length of audio on each side that the infill is matched to."""
_JOIN_S: Final = 0.01
_PITCH_TOLERANCE: Final = 0.02
_SPECTRUM_SHARE: Final = 0.35
_MOST_EQ_DB: Final = 6.0


def infill(job: dict[str, Any]) -> Iterator[Frame]:
    """One frame with the infill only, in the loudness and pitch of its surroundings, and without clicks at its ends."""
    format = AudioFormat(**job["format"])
    left, right = _side(job["left_audio"], "left_audio"), _side(job["right_audio"], "right_audio")
    near = [side for side in (_last(left), _first(right)) if side is not None]
    speech = replace(speech_of(job), sample_rate_hz=RATE_HZ)
    said = _matched(speech, [measures for side in near if (measures := _measures(side))], near)
    yield Frame({}, encode(_joined(said, left, right), RATE_HZ, format))


def _matched(speech: Speech, around: list[VoiceMeasures], near: list[Samples]) -> Samples:
    """Speech with the pitch, the loudness and part of the spectrum of its surroundings."""
    if not around:
        return _spoken(speech)
    wanted_hz = math.exp(float(np.mean([math.log(measures.f0_hz) for measures in around])))
    wanted_hz *= 2 ** (speech.delivery.pitch_semitones / 12)
    samples = _at_pitch(speech, wanted_hz)
    try:
        rest_db = np.mean([measures.bands_db for measures in around], axis=0) - measure(samples).bands_db
    except NoVoice:
        return samples
    eq_db = np.clip(_SPECTRUM_SHARE * rest_db, -_MOST_EQ_DB, _MOST_EQ_DB)
    samples = shaped(samples, RATE_HZ, 0.0, tuple(eq_db.tolist()))
    wanted_db = float(np.mean([level_db(side) for side in near]))
    return amplified(samples, wanted_db - level_db(samples) + 20 * math.log10(speech.delivery.volume))


def _at_pitch(speech: Speech, wanted_hz: float) -> Samples:
    """Speak once to measure the pitch and once with a correction; the vocoder corrects the remaining difference."""
    requested_hz = wanted_hz
    for _ in range(2):
        samples = _spoken(_with_f0(speech, requested_hz))
        try:
            measured_hz = measure(samples).f0_hz
        except NoVoice:
            return samples
        if abs(measured_hz / wanted_hz - 1) < _PITCH_TOLERANCE:
            return samples
        requested_hz *= wanted_hz / measured_hz
    return with_pitch_changed(samples, wanted_hz / measured_hz)


def _with_f0(speech: Speech, f0_hz: float) -> Speech:
    timbre = speech.timbre
    source = source_that_reaches(f0_hz / timbre.tract_ratio, timbre.source)
    return replace(
        speech,
        timbre=replace(timbre, f0_hz=f0_hz, source=source),
        delivery=replace(speech.delivery, pitch_semitones=0.0),
    )


def _spoken(speech: Speech) -> Samples:
    return np.concatenate([utterance.samples for _, utterance in spoken(speech, synthesizers)])


def _joined(samples: Samples, left: Samples | None, right: Samples | None) -> Samples:
    """The samples, faded so that the first continues the left side and the last leads to the right side."""
    size = min(int(_JOIN_S * RATE_HZ), samples.size // 2)
    fall = (0.5 + 0.5 * np.cos(np.linspace(0, np.pi, size))).astype(np.float32)
    joined = samples.copy()
    before = float(left[-1]) if left is not None else 0.0
    after = float(right[0]) if right is not None else 0.0
    joined[:size] = joined[:size] * (1 - fall) + before * fall
    joined[-size:] = joined[-size:] * (1 - fall[::-1]) + after * fall[::-1]
    return joined


def _side(path: str | None, field: str) -> Samples | None:
    return None if path is None else clip(Path(path), field, LONGEST_S)


def _last(samples: Samples | None) -> Samples | None:
    return None if samples is None else samples[-int(CONTEXT_S * RATE_HZ) :]


def _first(samples: Samples | None) -> Samples | None:
    return None if samples is None else samples[: int(CONTEXT_S * RATE_HZ)]


def _measures(samples: Samples) -> VoiceMeasures | None:
    try:
        return measure(samples)
    except NoVoice:
        return None
