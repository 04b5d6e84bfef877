"""The outline of a recording: the loudest sample in each of some hundred equal spans, for the picture of a player.

A page that was opened from disk may play a file but not read its samples, so the outline is part of the page's data.
A WAV file takes under a millisecond, however long it is, because only the start of each span is read. Compressed files
are decoded, which takes a second for some minutes of audio: the caller limits their total length.
"""

from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from voicemill.audio.decode import UndecodableAudio, decode
from voicemill.audio.wav_header import NotWav, WavInfo, probe_wav

_SPANS: Final = 240
_WINDOW_SAMPLES: Final = 400
_DECODED_HZ: Final = 4_000
_HEADER_BYTES: Final = 1 << 16
_DTYPES: Final = {"pcm_s16le": ("<i2", 32768.0), "pcm_f32le": ("<f4", 1.0)}

Samples = NDArray[np.float32] | NDArray[np.int16]


def is_wav(path: Path) -> bool:
    """Whether the outline is read without decoding."""
    return path.suffix.lower() == ".wav"


def outline_of(path: Path) -> list[int]:
    """Loudness from 0 to 100 of each span; empty for a file that cannot be read."""
    try:
        return _of_wav(path) if is_wav(path) else _of_decoded(path)
    except (OSError, ValueError, NotWav, UndecodableAudio):
        return []


def _of_wav(path: Path) -> list[int]:
    body = np.memmap(path, np.uint8, "r")
    info = _info(body)
    if info.encoding not in _DTYPES:
        return _of_decoded(path)
    dtype, full_scale = _DTYPES[info.encoding]
    size = np.dtype(dtype).itemsize
    stop = info.start + (info.stop - info.start) // size * size
    return _loudest(body[info.start : stop].view(dtype), full_scale)


def _info(body: "np.memmap[tuple[int], np.dtype[np.uint8]]") -> WavInfo:
    return probe_wav(body.tobytes()) if len(body) <= _HEADER_BYTES else probe_wav(body._mmap)  # type: ignore[attr-defined]


def _of_decoded(path: Path) -> list[int]:
    blocks = list(decode(path, _DECODED_HZ))
    return _loudest(np.concatenate(blocks), 1.0) if blocks else []


def _loudest(samples: Samples, full_scale: float) -> list[int]:
    spans = min(_SPANS, len(samples))
    if not spans:
        return []
    span = len(samples) // spans
    windows = samples[: spans * span].reshape(spans, span)[:, : max(1, min(span, _WINDOW_SAMPLES))]
    peaks = np.abs(np.nan_to_num(windows.astype(np.float32))).max(axis=1) / full_scale
    return [int(value) for value in np.minimum(100, np.round(100 * peaks))]
