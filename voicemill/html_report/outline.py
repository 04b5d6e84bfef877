"""The outline of a recording: the loudest sample in each of some hundred equal spans, for the picture of a player.

A page that was opened from disk may play a file but not read its samples, so the outline is part of the page's data.
A WAV file takes a tenth of a millisecond, however long it is, because only the start of each span is read. Compressed
files are decoded, which takes a second for some minutes of audio: the caller limits their total length.
"""

from mmap import ACCESS_READ, mmap
from pathlib import Path
from string import ascii_letters, digits
from typing import Final

import numpy as np
from numpy.typing import NDArray

from voicemill.audio.decode import UndecodableAudio, decode
from voicemill.audio.wav_header import NotWav, probe_wav

LEVELS: Final = f"{digits}{ascii_letters}"
"""One character for each loudness of a span, from silence to full scale."""
_SPANS: Final = 240
_WINDOW_SAMPLES: Final = 400
_DECODED_HZ: Final = 4_000
_DTYPES: Final = {"pcm_s16le": ("<i2", 32768.0), "pcm_f32le": ("<f4", 1.0)}
_CHARACTERS: Final = np.frombuffer(LEVELS.encode(), np.uint8)

Samples = NDArray[np.float32] | NDArray[np.int16]


def is_wav(path: Path) -> bool:
    """Whether the outline is read without decoding."""
    return path.suffix.lower() == ".wav"


def outline_of(path: Path) -> str:
    """Loudness of each span as a character of `LEVELS`; empty for a file that cannot be read."""
    try:
        return _of_wav(path) if is_wav(path) else _of_decoded(path)
    except (OSError, ValueError, NotWav, UndecodableAudio):
        return ""


def _of_wav(path: Path) -> str:
    with path.open("rb", buffering=0) as file:
        body = mmap(file.fileno(), 0, access=ACCESS_READ)
    info = probe_wav(body)
    if info.encoding not in _DTYPES:
        return _of_decoded(path)
    dtype, full_scale = _DTYPES[info.encoding]
    samples: Samples = np.frombuffer(body, dtype, (info.stop - info.start) // np.dtype(dtype).itemsize, info.start)
    return _levels(samples, full_scale)


def _of_decoded(path: Path) -> str:
    blocks = list(decode(path, _DECODED_HZ))
    return _levels(np.concatenate(blocks), 1.0) if blocks else ""


def _levels(samples: Samples, full_scale: float) -> str:
    spans = min(_SPANS, len(samples))
    if not spans:
        return ""
    span = len(samples) // spans
    windows = samples[: spans * span].reshape(spans, span)[:, :_WINDOW_SAMPLES]
    # Two extremes take half the time of absolute values.
    highest, lowest = (extreme.astype(np.float64) for extreme in (windows.max(axis=1), windows.min(axis=1)))
    shares = np.fmin(np.maximum(highest, -lowest) / full_scale, 1.0)  # `fmin` replaces NaN
    levels = np.minimum(shares * len(LEVELS), len(LEVELS) - 1).astype(np.intp)
    drawn: bytes = _CHARACTERS[levels].tobytes()
    return drawn.decode()
