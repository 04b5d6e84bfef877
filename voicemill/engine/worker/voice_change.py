"""Voice conversion jobs."""

import io
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import numpy as np

from voicemill.audio.encode import Encoder
from voicemill.engine.refusals import bad_request
from voicemill.engine.synthesis.loudness import amplified
from voicemill.engine.synthesis.spectrum import shaped
from voicemill.engine.voice_analysis.measures import RATE_HZ, Floats, Samples, f0_contour, level_db
from voicemill.engine.voice_analysis.recorded_pitch import recorded_f0_contours
from voicemill.engine.voice_analysis.world import converted
from voicemill.engine.voices.timbre import Timbre, timbre_from
from voicemill.engine.worker.uploads import clip
from voicemill.model.audio_formats import AudioFormat
from voicemill.processes.frames import Frame

LONGEST_S: Final = 900.0
PIECE_BYTES: Final = 1 << 16
_LEAST_VOICED_FRAMES: Final = 20
# Between speakers, formants move with about the fifth root of the pitch: a man at 110 Hz and a woman at 200 Hz
# differ by 1.13 in the length of the vocal tract.
_FORMANT_EXPONENT: Final = 0.2
_SPECTRUM_SHARE: Final = 0.5
_SILENCE_DB: Final = -60.0
_FAST_PITCH_VERSIONS: Final = ("1", "2")
"""The versions that analyse recordings of people like synthesized speech."""
_PROGRESS: Final = Frame({"last": False}, b"")


def voice_change(job: dict[str, Any]) -> Iterator[Frame]:
    """Frames of progress, then one with the whole file."""
    body = bytearray()
    for more in _converted_file(job):
        body += more
        yield _PROGRESS
    yield Frame({}, bytes(body))


def voice_change_pieces(job: dict[str, Any]) -> Iterator[Frame]:
    """The converted file as a stream of frames, with a frame of progress for each block that adds no bytes."""
    started_at = time.perf_counter()
    for more in _converted_file(job):
        if not more:
            yield _PROGRESS
        for start in range(0, len(more), PIECE_BYTES):
            step_ms = round(1000 * (time.perf_counter() - started_at), 3)
            yield Frame({"type": "chunk", "step_time": step_ms, "last": False}, more[start : start + PIECE_BYTES])
            started_at = time.perf_counter()
    yield Frame({"type": "done"}, b"")


def _converted_file(job: dict[str, Any]) -> Iterator[bytes]:
    """The bytes that each block adds to the file: none while the pitch is analysed; all at the end for containers whose
    header has the length.
    """
    format = AudioFormat(**job["format"])
    samples = clip(Path(job["clip"]), "clip", LONGEST_S)
    contours = []
    for contour in _contours(samples, job["version"]):
        contours.append(contour)
        yield b""
    file = io.BytesIO()
    with Encoder(file, format, RATE_HZ) as encoder:
        for block in _changed(samples, np.concatenate(contours), timbre_from(job["timbre"])):
            encoder.write(block)
            yield _taken(file) if format.container == "raw" else b""
    yield _taken(file)


def _taken(file: io.BytesIO) -> bytes:
    body = file.getvalue()
    file.seek(0)
    file.truncate()
    return body


def _contours(samples: Samples, version: str) -> Iterator[Floats]:
    """The pitch of the recording, block by block."""
    return iter([f0_contour(samples)]) if version in _FAST_PITCH_VERSIONS else recorded_f0_contours(samples)


def _changed(samples: Samples, pitch: Floats, timbre: Timbre) -> Iterator[Samples]:
    """Blocks in the other voice, with the gain that gives the first audible block its original loudness."""
    gain_db, position = None, 0
    for block in _converted_voice(samples, pitch, timbre):
        source = samples[position : position + block.size]
        if gain_db is None and level_db(source) > _SILENCE_DB:
            gain_db = level_db(source) - level_db(block)
        yield amplified(block, gain_db or 0.0)
        position += block.size


def _converted_voice(samples: Samples, pitch: Floats, timbre: Timbre) -> Iterator[Samples]:
    voiced = pitch[pitch > 0]
    if voiced.size < _LEAST_VOICED_FRAMES:
        raise bad_request("clip: it has no speech. Send a recording of a speaker.")
    f0_ratio = timbre.f0_hz / float(np.median(voiced))
    formant_ratio = float(np.clip(f0_ratio**_FORMANT_EXPONENT * timbre.tract_ratio**0.5, 0.8, 1.25))
    for block in converted(samples, pitch, pitch * f0_ratio, formant_ratio):
        eq_db = tuple(_SPECTRUM_SHARE * level for level in timbre.eq_db)
        yield shaped(block, RATE_HZ, _SPECTRUM_SHARE * timbre.brightness_db, eq_db)
