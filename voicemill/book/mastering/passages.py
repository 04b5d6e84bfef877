"""Passages of mastered speech: trimmed, at an even loudness, limited, between room tone."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Final

import numpy as np

from voicemill.audio.blocks import Mono
from voicemill.audio.decode import decode_segment, frames_between, of_length
from voicemill.book.mastering.filters import limited
from voicemill.book.mastering.levels import Levels, levels_of
from voicemill.book.mastering.room_tone import room_tone

RATE_HZ: Final = 44_100
"""The sample rate of every mastered file."""
SPEECH_DB: Final = -19.0
"""The level of speech without pauses; with its pauses a chapter then has an RMS of about -20.5 dB."""
LOUDEST_RMS_DB: Final = -19.0
QUIETEST_RMS_DB: Final = -21.5
"""The limits for the RMS of a file, at least one decibel inside those of ACX."""
_HEAD_S: Final = 0.6
_TAIL_S: Final = 1.4
_KEPT_S: Final = 0.1
"""How much of the source stays before the first and after the last sound."""
_SOUND_DB: Final = -52.0
_FADE_S: Final = 0.02
_MOST_GAIN_DB: Final = 40.0
_DRY_RUNS: Final = 6
_CLOSE_DB: Final = 0.1
_LEAST_RESPONSE: Final = 0.25


@dataclass(frozen=True, slots=True)
class Passage:
    """Speech from `start_s` to `stop_s` of a source file, raised by `gain_db`, with room tone around it."""

    path: Path
    start_s: float
    stop_s: float
    gain_db: float = 0.0

    @property
    def speech_samples(self) -> int:
        """The samples of speech, at the rate of mastered files."""
        return frames_between(self.start_s, self.stop_s, RATE_HZ)

    @property
    def samples(self) -> int:
        """The samples with room tone."""
        return _HEAD_SAMPLES + self.speech_samples + _TAIL_SAMPLES

    @property
    def duration_s(self) -> float:
        """The length with room tone, in seconds."""
        return self.samples / RATE_HZ

    def moved_s(self, moment_s: float) -> float:
        """Where a moment of the source file is in the passage, in seconds."""
        return _HEAD_S + min(max(moment_s, self.start_s), self.stop_s) - self.start_s


_HEAD_SAMPLES: Final = round(_HEAD_S * RATE_HZ)
_TAIL_SAMPLES: Final = round(_TAIL_S * RATE_HZ)
SURROUND_S: Final = _HEAD_S + _TAIL_S
"""The room tone before and after a passage, in seconds."""


def source_levels(path: Path, stop_s: float | None = None) -> Levels:
    """The levels of a source file up to `stop_s`, at the rate of mastered files. Raises `UndecodableAudio`."""
    return levels_of(decode_segment(path, RATE_HZ, 0.0, stop_s), RATE_HZ)


def trimmed(path: Path, levels: Levels) -> Passage:
    """A source file with these levels, without the silence at its ends."""
    gain_db = SPEECH_DB - levels.speech_db
    first_s, last_s = levels.sound(_SOUND_DB - gain_db)
    return Passage(path, max(0.0, first_s - _KEPT_S), min(levels.duration_s, last_s + _KEPT_S))


def at_even_loudness(passage: Passage, ceiling_db: float) -> Passage:
    """The passage with the gain that gives speech its level after the limiter.

    Speech of all passages is equally loud, unless the RMS of the file would then be outside the limits of shops, as in
    a file that is mostly pauses.
    """
    gain_db = step_db = change_db = 0.0
    for run in range(_DRY_RUNS):
        before_db, change_db = change_db, _change_db(replace(passage, gain_db=gain_db), ceiling_db)
        if abs(change_db) < _CLOSE_DB:
            break
        response = (before_db - change_db) / step_db if run else 1.0  # the limiter takes back a part of each step
        step_db = change_db / min(max(response, _LEAST_RESPONSE), 1.0)
        gain_db = min(gain_db + step_db, _MOST_GAIN_DB)
    return replace(passage, gain_db=round(gain_db, 2))


def _change_db(passage: Passage, ceiling_db: float) -> float:
    """How much louder a passage must become."""
    levels = levels_of(speech(passage, ceiling_db), RATE_HZ)
    rms_db = levels.rms_db + 10 * float(np.log10(passage.speech_samples / passage.samples))
    return min(max(SPEECH_DB - levels.speech_db, QUIETEST_RMS_DB - rms_db), LOUDEST_RMS_DB - rms_db)


def speech(passage: Passage, ceiling_db: float) -> Iterator[Mono]:
    """The speech of a passage, raised and limited, without room tone. Raises `UndecodableAudio`."""
    decoded = decode_segment(passage.path, RATE_HZ, passage.start_s, passage.stop_s)
    gain = np.float32(10 ** (passage.gain_db / 20))
    raised = (np.asarray(block * gain, np.float32) for block in of_length(decoded, passage.speech_samples, RATE_HZ))
    return limited(_faded(raised, passage.speech_samples), ceiling_db, RATE_HZ)


def _faded(blocks: Iterable[Mono], samples: int) -> Iterator[Mono]:
    """The samples with a short fade at both ends."""
    length = min(round(_FADE_S * RATE_HZ), samples // 2) or 1
    position = 0
    for block in blocks:
        places = np.arange(position, position + block.size)
        distance = np.minimum(places + 1, samples - places) / length
        position += block.size
        yield block if distance.min() >= 1 else np.asarray(block * np.clip(distance, 0, 1), np.float32)


def with_room_tone(passages: Iterable[Passage], ceiling_db: float) -> Iterator[Mono]:
    """The passages of one file, one after the other, over continuous room tone."""
    tone = partial(room_tone, sample_rate_hz=RATE_HZ)
    position = 0
    for passage in passages:
        yield tone(position, _HEAD_SAMPLES)
        position += _HEAD_SAMPLES
        for block in speech(passage, ceiling_db):
            yield block + tone(position, block.size)
            position += block.size
        yield tone(position, _TAIL_SAMPLES)
        position += _TAIL_SAMPLES
