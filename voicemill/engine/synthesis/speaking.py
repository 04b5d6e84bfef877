"""From a transcript to utterances: passages, each spoken by the voice's backend and finished for the speaker."""

import math
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from typing import Final

import numpy as np
import soxr

from voicemill.engine.backends import load_speech_backend
from voicemill.engine.refusals import bad_request
from voicemill.engine.synthesis.backend import SpeechBackend
from voicemill.engine.synthesis.espeak import Espeak
from voicemill.engine.synthesis.hibari import Hibari
from voicemill.engine.synthesis.loudness import amplified
from voicemill.engine.synthesis.passages import passages
from voicemill.engine.synthesis.pronunciation import is_pronounceable
from voicemill.engine.synthesis.spectrum import shaped
from voicemill.engine.synthesis.utterance import Speech, Utterance
from voicemill.engine.voices.timbre import espeak_timbre
from voicemill.model.service_tags import LONGEST_PAUSE_S, parts

SILENCE: Final = 1e-3
"""A peak below this share of full scale means that nothing was spoken."""


class Synthesizers:
    """The synthesizers of one worker; processes and models are started on first use."""

    def __init__(self) -> None:
        self._espeak = Espeak()
        self._hibari = Hibari()

    def say(self, text: str, speech: Speech) -> Utterance:
        """One passage at the synthesizer's own sample rate and loudness."""
        if speech.timbre.backend:
            return _backend(speech.timbre.backend).say(text, speech)
        if speech.timbre.is_neural and is_pronounceable(text):
            return self._hibari.say(text, speech)
        return self._espeak.say(text, replace(speech, timbre=espeak_timbre(speech.timbre)))


@cache
def _backend(name: str) -> SpeechBackend:
    return load_speech_backend(name)


def spoken(speech: Speech, synthesizers: Synthesizers) -> Iterator[tuple[str, Utterance]]:
    """Each passage and its utterance, at the requested sample rate; a pause has an empty passage.

    Raises `Refusal` (400) when none of the transcript can be spoken.
    """
    is_silent = True
    for passage, utterance in _utterances(speech, synthesizers):
        if passage and np.max(np.abs(utterance.samples), initial=0.0) < SILENCE:
            continue
        is_silent &= not passage
        yield passage, utterance
    if is_silent:
        raise bad_request(
            f"Nothing in the transcript can be spoken in language {speech.language!r}. "
            "Write words in the letters of that language."
        )


def _utterances(speech: Speech, synthesizers: Synthesizers) -> Iterator[tuple[str, Utterance]]:
    """Each passage of the transcript with its audio; pauses have no text."""
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
    samples = np.zeros(round(min(pause_s, LONGEST_PAUSE_S) * sample_rate_hz), dtype=np.float32)
    return Utterance(samples, sample_rate_hz, (), ())


def _finished(utterance: Utterance, speech: Speech) -> Utterance:
    """The utterance with the speaker's spectrum and loudness, at the requested sample rate."""
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
