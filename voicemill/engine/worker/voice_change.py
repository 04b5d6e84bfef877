"""Voice changer jobs."""

import time
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any, Final

import numpy as np

from voicemill.audio.encode import encode
from voicemill.audio.formats import AudioFormat
from voicemill.engine.analysis.measures import RATE_HZ, Samples, f0_contour, level_db
from voicemill.engine.analysis.world import revoiced
from voicemill.engine.refusals import bad_request
from voicemill.engine.speech.loudness import amplified
from voicemill.engine.speech.spectrum import shaped
from voicemill.engine.voices.timbre import Timbre
from voicemill.engine.worker.tts import timbre_of
from voicemill.engine.worker.uploads import clip
from voicemill.processes.frames import Frame

LONGEST_S: Final = 900.0
PIECE_BYTES: Final = 1 << 16
_LEAST_VOICED_FRAMES: Final = 20
# Between speakers, formants move with about the fifth root of the pitch: a man at 110 Hz and a woman at 200 Hz
# differ by 1.13 in the length of the vocal tract.
_FORMANT_EXPONENT: Final = 0.2
_SPECTRUM_SHARE: Final = 0.5
_PROGRESS: Final = Frame({"last": False}, b"")


def voice_change(question: dict[str, Any]) -> Iterator[Frame]:
    """Frames of progress, then one with the whole file."""
    body = yield from _changed_file(question)
    yield Frame({}, body)


def voice_change_pieces(question: dict[str, Any]) -> Iterator[Frame]:
    """The file in pieces, after it has been made; no progress is told, as every frame is sent on."""
    asked_at = time.perf_counter()
    changing = _changed_file(question)
    try:
        while True:
            next(changing)
    except StopIteration as made:
        body: bytes = made.value
    for start in range(0, len(body), PIECE_BYTES):
        step_ms = round(1000 * (time.perf_counter() - asked_at), 3)
        yield Frame({"type": "chunk", "step_time": step_ms, "last": False}, body[start : start + PIECE_BYTES])
        asked_at = time.perf_counter()
    yield Frame({"type": "done"}, b"")


def _changed_file(question: dict[str, Any]) -> Generator[Frame, None, bytes]:
    format = AudioFormat(**question["format"])
    samples = clip(Path(question["clip"]), "clip", LONGEST_S)
    blocks = []
    for block in _changed(samples, timbre_of(question["timbre"])):
        blocks.append(block)
        yield _PROGRESS
    changed = np.concatenate(blocks)
    return encode(amplified(changed, level_db(samples) - level_db(changed)), RATE_HZ, format)


def _changed(samples: Samples, timbre: Timbre) -> Iterator[Samples]:
    pitch = f0_contour(samples)
    voiced = pitch[pitch > 0]
    if voiced.size < _LEAST_VOICED_FRAMES:
        raise bad_request("clip: there is no speech in it. Send a recording of somebody speaking.")
    f0_ratio = timbre.f0_hz / float(np.median(voiced))
    formant_ratio = float(np.clip(f0_ratio**_FORMANT_EXPONENT * timbre.tract_ratio**0.5, 0.8, 1.25))
    for block in revoiced(samples, pitch, f0_ratio, formant_ratio):
        eq_db = tuple(_SPECTRUM_SHARE * level for level in timbre.eq_db)
        yield shaped(block, RATE_HZ, _SPECTRUM_SHARE * timbre.brightness_db, eq_db)
