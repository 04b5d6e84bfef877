"""Speech jobs."""

import time
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from voicemill.audio.encode import encode
from voicemill.engine.synthesis.controls import Delivery
from voicemill.engine.synthesis.speaking import Synthesizers, spoken
from voicemill.engine.synthesis.takes import delivery_of_take
from voicemill.engine.synthesis.timing import Timed, phoneme_times, word_times
from voicemill.engine.synthesis.utterance import Speech, Utterance
from voicemill.engine.voices.timbre import timbre_from
from voicemill.model.audio_formats import AudioFormat
from voicemill.processes.frames import Frame

PIECE_S = 0.5
_FADE_S = 0.005

synthesizers = Synthesizers()


def tts_bytes(job: dict[str, Any]) -> Iterator[Frame]:
    """One frame with the whole audio file."""
    format = AudioFormat(**job["format"])
    samples = np.concatenate([utterance.samples for _, utterance in _passages(job)])
    yield Frame({}, encode(samples, format.sample_rate_hz, format))


def tts_pieces(job: dict[str, Any]) -> Iterator[Frame]:
    """One frame for each chunk of headerless audio; the timestamps of a passage come before its first chunk."""
    format = AudioFormat(**job["format"])
    size = int(PIECE_S * format.sample_rate_hz)
    before_s, started_at = 0.0, time.perf_counter()
    for passage, utterance in _passages(job):
        yield from _timestamps(job, passage, utterance, before_s)
        for start in range(0, utterance.samples.size, size):
            piece = encode(utterance.samples[start : start + size], format.sample_rate_hz, format)
            step_ms = round(1000 * (time.perf_counter() - started_at), 3)
            yield Frame({"type": "chunk", "step_time": step_ms, "last": False}, piece)
            started_at = time.perf_counter()
        before_s += utterance.samples.size / format.sample_rate_hz
    yield Frame({"type": "done"}, b"")


def speech_of(job: dict[str, Any]) -> Speech:
    """The speech that a job requests."""
    take = job.get("take", 0)
    return Speech(
        transcript=job["transcript"],
        language=job["language"],
        accent=job["accent"],
        timbre=timbre_from(job["timbre"]),
        delivery=delivery_of_take(Delivery(**job["delivery"]), take),
        sample_rate_hz=job["format"]["sample_rate_hz"],
        take=take,
        natural_version=job["natural_version"],
    )


def _passages(job: dict[str, Any]) -> Iterator[tuple[str, Utterance]]:
    """Each passage and its utterance, up to the requested duration."""
    speech = speech_of(job)
    left = None
    if job["duration_s"] is not None:
        left = max(1, int(job["duration_s"] * speech.sample_rate_hz))
    for passage, utterance in spoken(speech, synthesizers):
        if left is None or utterance.samples.size <= left:
            yield passage, utterance
            left = None if left is None else left - utterance.samples.size
        else:
            yield passage, _cut(utterance, left)
            left = 0
        if left == 0:
            return


def _cut(utterance: Utterance, most: int) -> Utterance:
    """The first `most` samples, faded out to avoid a click."""
    samples: NDArray[np.float32] = utterance.samples[:most].copy()
    fade = min(most, int(_FADE_S * utterance.sample_rate_hz))
    samples[most - fade :] *= np.linspace(1.0, 0.0, fade, dtype=np.float32)
    return Utterance(
        samples,
        utterance.sample_rate_hz,
        tuple(word for word in utterance.words if word[2] < most),
        tuple(phoneme for phoneme in utterance.phonemes if phoneme[1] < most),
    )


def _timestamps(job: dict[str, Any], passage: str, utterance: Utterance, before_s: float) -> Iterator[Frame]:
    if job["word_timestamps"]:
        words = word_times(passage, job["language"], utterance)
        yield Frame({"type": "timestamps", "word_timestamps": _columns("words", words, before_s), "last": False}, b"")
    phonemes = phoneme_times(utterance) if job["phoneme_timestamps"] else []
    if phonemes:
        columns = _columns("phonemes", phonemes, before_s)
        yield Frame({"type": "phoneme_timestamps", "phoneme_timestamps": columns, "last": False}, b"")


def _columns(name: str, times: list[Timed], before_s: float) -> dict[str, Any]:
    return {
        name: [timed.text for timed in times],
        "start": [round(before_s + timed.start_s, 4) for timed in times],
        "end": [round(before_s + timed.end_s, 4) for timed in times],
    }
