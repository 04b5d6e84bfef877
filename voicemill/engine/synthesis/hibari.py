"""Natural English speech by the Hibari model, with the engine's own pitch and vocal tract conversion."""

from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np
import soxr
from numpy.typing import NDArray

from voicemill.engine.models.hibari import hibari_model
from voicemill.engine.synthesis.hibari_model import RATE_HZ, HibariModel, Rendering
from voicemill.engine.synthesis.hibari_times import Phonemes, Words, phrase_times
from voicemill.engine.synthesis.pronunciation import BRITISH_AS_AMERICAN, Pronouncer, SpokenToken
from voicemill.engine.synthesis.utterance import Speech, Utterance
from voicemill.engine.voice_analysis.world import with_pitch_changed
from voicemill.engine.voices.timbre import NEURAL_F0_HZ, NEURAL_WPM

SLOWEST, FASTEST = 0.4, 2.5
"""The range of the model's `speed` input."""

_PITCH_TOLERANCE: Final = 0.02
_SEED: Final = 1


@dataclass(frozen=True, slots=True)
class _Manner:
    """How one utterance is spoken: factors on pace and intonation, mean pitch, and the seed of its noise."""

    rate: float
    f0_hz: float
    intonation: float
    seed: int


class Hibari:
    """The synthesizer of the natural English voices; models are loaded on first use."""

    def say(self, text: str, speech: Speech) -> Utterance:
        """Speak one passage. Raises `ConfigError` when `hibari-tts` is missing."""
        manner, tract = _manner(speech), speech.timbre.tract_ratio
        pronouncer = _pronouncer("en-US" not in speech.accent, speech.natural_version)
        # A vocal tract is shortened by playing the samples faster, so the model speaks slower by the same factor.
        speed = float(np.clip(manner.rate / tract, SLOWEST, FASTEST))
        phrases = [_rendered(phrase, speed, manner.seed) for phrase in pronouncer.phrases(text)]
        samples = np.concatenate([np.zeros(0, np.float32), *(rendering.samples for _, rendering in phrases)])
        words, phonemes = _events(phrases, tract)
        return Utterance(_converted(samples, tract, manner), RATE_HZ, tuple(words), tuple(phonemes))


def _manner(speech: Speech) -> _Manner:
    """The speaker's and the request's controls together; each take has another noise."""
    timbre, delivery = speech.timbre, speech.delivery
    return _Manner(
        rate=timbre.rate_wpm / NEURAL_WPM * delivery.rate,
        f0_hz=timbre.f0_hz * 2.0 ** (delivery.pitch_semitones / 12.0),
        intonation=timbre.intonation * delivery.intonation,
        seed=_SEED + speech.take,
    )


def _rendered(phrase: list[SpokenToken], speed: float, seed: int) -> tuple[list[SpokenToken], Rendering]:
    model = _model()
    tokens = [SpokenToken(model.known(token.phonemes), token.offset, token.length) for token in phrase]
    return tokens, model.render("".join(token.phonemes for token in tokens), speed=speed, seed=seed)


def _converted(samples: NDArray[np.float32], tract_ratio: float, manner: _Manner) -> NDArray[np.float32]:
    """The model's own voice turned into the speaker's: first its vocal tract, then its pitch and intonation."""
    if tract_ratio != 1.0:
        samples = soxr.resample(samples, RATE_HZ * tract_ratio, RATE_HZ)
    f0_ratio = manner.f0_hz / (NEURAL_F0_HZ * tract_ratio)
    if not samples.size or (abs(f0_ratio - 1.0) < _PITCH_TOLERANCE and manner.intonation == 1.0):
        return samples
    return with_pitch_changed(samples, f0_ratio, manner.intonation)


def _events(phrases: list[tuple[list[SpokenToken], Rendering]], tract_ratio: float) -> tuple[Words, Phonemes]:
    """Where words and phonemes start, in samples of the played utterance."""
    words: Words = []
    phonemes: Phonemes = []
    before = 0
    for tokens, rendering in phrases:
        found, marks = phrase_times(tokens, rendering)
        words += [(offset, length, round((before + start) / tract_ratio)) for offset, length, start in found]
        phonemes += [(name, round((before + start) / tract_ratio)) for name, start in marks]
        before += rendering.samples.size
    return words, phonemes


@cache
def _model() -> HibariModel:
    return HibariModel(hibari_model())


@cache
def _pronouncer(british: bool, version: str) -> Pronouncer:
    return Pronouncer(british=british, replaced=BRITISH_AS_AMERICAN[version] if british else ())
