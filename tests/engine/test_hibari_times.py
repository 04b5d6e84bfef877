"""Word and phoneme times of the natural voices."""

import numpy as np

from voicemill.engine.synthesis.hibari_model import DURATION_SAMPLES, Rendering
from voicemill.engine.synthesis.hibari_times import LEAD, phrase_times
from voicemill.engine.synthesis.pronunciation import SpokenToken

UNIT_S = DURATION_SAMPLES / 24_000


def rendered(units: list[int], loud: list[tuple[int, int]]) -> Rendering:
    """A rendering with durations in units of the model, and a tone from one unit to another for each of `loud`."""
    samples = np.zeros(sum(units) * DURATION_SAMPLES, np.float32)
    for first, last in loud:
        place = np.arange(first * DURATION_SAMPLES, last * DURATION_SAMPLES)
        samples[place] = np.sin(2 * np.pi * 200 * place / 24_000)
    return Rendering(samples, tuple(unit * DURATION_SAMPLES for unit in units))


def test_pause_that_the_model_counts_as_speech_belongs_to_no_word() -> None:
    """A word ends where its last phoneme falls silent, and the next starts where the sound does."""
    tokens = [SpokenToken("ɑm", 0, 2), SpokenToken(" ", None, 0), SpokenToken("no", 3, 2), SpokenToken(".", 5, 1)]
    # Padding, ɑ, m with a pause, space, n, o with the final silence, full stop, padding.
    rendering = rendered([10, 4, 12, 2, 2, 8, 4, 1], [(7, 15), (25, 31)])
    words, phonemes = phrase_times(tokens, rendering)
    starts = [round(sample / DURATION_SAMPLES) for _, _, sample in words]
    assert starts == [7, 25]
    pauses = [round(sample / DURATION_SAMPLES) for name, sample in phonemes if not name]
    assert 15 in pauses
    assert 31 in pauses
    assert [name for name, _ in phonemes if name] == ["ɑ", "m", "n", "o"]


def test_silence_inside_a_word_is_no_pause() -> None:
    """The closure of a stop in the middle of a word does not end it, however slow the speech is."""
    tokens = [SpokenToken("ɑpɑ", 0, 3), SpokenToken(".", 3, 1)]
    rendering = rendered([10, 6, 6, 8, 4, 1], [(7, 12), (18, 24)])
    words, phonemes = phrase_times(tokens, rendering)
    assert words == [(0, 3, 10 * DURATION_SAMPLES - LEAD)]
    assert [round(sample / DURATION_SAMPLES) for name, sample in phonemes if not name] == [0, 24, 27, 31]
