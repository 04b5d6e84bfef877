"""Speaking: a timbre and a delivery turned into the synthesizer's settings, its samples into that speaker's."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import soxr

from voicemill.engine.refusals import bad_request
from voicemill.engine.synthesis.controls import Delivery
from voicemill.engine.synthesis.espeak import Espeak
from voicemill.engine.synthesis.loudness import amplified
from voicemill.engine.synthesis.passages import passages
from voicemill.engine.synthesis.piper import Piper
from voicemill.engine.synthesis.spectrum import shaped
from voicemill.engine.synthesis.utterance import Utterance
from voicemill.engine.voices.timbre import PITCH_HZ, PITCH_SETTINGS, SOURCE_PITCH, Timbre
from voicemill.model.service_tags import parts

# The range setting moves the mean pitch too, by 0.29 % a step.
_PITCH_PER_RANGE_STEP: Final = 0.0029
_NATURAL_RANGE: Final = 50.0

_LONGEST_PAUSE_S: Final = 60.0

# Below this, in full scale, nothing was said.
SILENCE: Final = 1e-3


@dataclass(frozen=True, slots=True, kw_only=True)
class Speech:
    """Everything that decides what is said and how: `accent` is an espeak-ng voice, `language` a two-letter code."""

    transcript: str
    language: str
    accent: str
    timbre: Timbre
    delivery: Delivery
    sample_rate_hz: int


class Synthesizers:
    """The synthesizers of one worker; their processes are started when first needed."""

    def __init__(self) -> None:
        self._espeak = Espeak()
        self._piper = Piper()

    def say(self, text: str, speech: Speech) -> Utterance:
        """One passage in the speaker's voice, at the synthesizer's own rate and loudness."""
        timbre = speech.timbre
        if timbre.piper_model is not None:
            return self._piper.say(text, timbre.piper_model, timbre.piper_speaker, rate=speech.delivery.rate)
        return _said_by_espeak(text, speech, self._espeak)


def spoken(speech: Speech, synthesizers: Synthesizers) -> Iterator[tuple[str, Utterance]]:
    """Each passage and how it sounds, at the wanted rate.

    Raises `Refusal` (400) when none of it can be spoken.
    """
    heard = False
    for passage, utterance in _utterances(speech, synthesizers):
        if not passage:
            yield passage, utterance
            continue
        if np.max(np.abs(utterance.samples), initial=0.0) < SILENCE:
            continue
        heard = True
        yield passage, utterance
    if not heard:
        raise bad_request(
            f"There is nothing in the transcript that can be spoken in language {speech.language!r}. "
            "Write words, in the letters of that language."
        )


def _utterances(speech: Speech, synthesizers: Synthesizers) -> Iterator[tuple[str, Utterance]]:
    """Each passage of the transcript with its audio; pauses that the transcript asks for have no text."""
    for part in parts(speech.transcript):
        if part.pause_s:
            yield "", _pause(part.pause_s, speech.sample_rate_hz)
        elif part.is_spelled:
            letters = _finished(synthesizers.say(" ".join(part.text), speech), speech)
            yield part.text, replace(letters, words=letters.words[:1] and ((0, len(part.text), letters.words[0][2]),))
        else:
            for passage in passages(part.text, speech.language):
                yield passage, _finished(synthesizers.say(passage, speech), speech)


def _pause(pause_s: float, sample_rate_hz: int) -> Utterance:
    samples = np.zeros(round(min(pause_s, _LONGEST_PAUSE_S) * sample_rate_hz), dtype=np.float32)
    return Utterance(samples, sample_rate_hz, (), ())


def _said_by_espeak(text: str, speech: Speech, espeak: Espeak) -> Utterance:
    timbre, delivery = speech.timbre, speech.delivery
    span = _NATURAL_RANGE * timbre.intonation * delivery.intonation
    f0_hz = timbre.f0_hz * 2.0 ** (delivery.pitch_semitones / 12.0)
    # The vocal tract is shortened by playing the samples faster, so pitch and rate are asked for that much lower.
    said = espeak.say(
        text,
        f"{speech.accent}+{timbre.source}",
        rate_wpm=timbre.rate_wpm * delivery.rate / timbre.tract_ratio,
        pitch=pitch_setting(f0_hz / timbre.tract_ratio, timbre.source, span),
        span=span,
    )
    return replace(said, sample_rate_hz=said.sample_rate_hz * timbre.tract_ratio)


def pitch_setting(f0_hz: float, source: str, span: float) -> float:
    """espeak-ng's `pitch` for a mean of `f0_hz`."""
    base_hz = f0_hz / SOURCE_PITCH.get(source, 1.0) / (1.0 + _PITCH_PER_RANGE_STEP * (span - _NATURAL_RANGE))
    return float(np.interp(base_hz, PITCH_HZ, PITCH_SETTINGS))


def _finished(utterance: Utterance, speech: Speech) -> Utterance:
    """The utterance with the speaker's spectrum and loudness, at the wanted rate."""
    timbre = speech.timbre
    samples = shaped(utterance.samples, utterance.sample_rate_hz, timbre.brightness_db, timbre.eq_db)
    samples = soxr.resample(samples, utterance.sample_rate_hz, speech.sample_rate_hz)
    gain_db = timbre.gain_db + 20.0 * math.log10(speech.delivery.volume)
    ratio = speech.sample_rate_hz / utterance.sample_rate_hz
    return Utterance(
        amplified(samples, gain_db),
        speech.sample_rate_hz,
        tuple((offset, length, round(sample * ratio)) for offset, length, sample in utterance.words),
        tuple((name, round(sample * ratio)) for name, sample in utterance.phonemes),
    )
