"""Join the audio of several answers into one recording, without clicks and with pauses of a given length."""

from collections.abc import Iterable, Iterator
from typing import Any, Final, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from voicemill.audio.wav_header import WavInfo, probe_wav

Samples = NDArray[np.int16] | NDArray[np.float32]
"""Mono: float32 in -1..1, or int16."""

_DTYPES: Final[dict[str, np.dtype[Any]]] = {"pcm_s16le": np.dtype("<i2"), "pcm_f32le": np.dtype("<f4")}
_FADE_S: Final = 0.005
_KEPT_SILENCE_S: Final = 0.02
_SILENCE_LEVEL: Final = 10 ** (-55 / 20)


T = TypeVar("T")


class Place(NamedTuple):
    """The position of a joined part: its frames from `first` to `last` start at frame `start` of the recording."""

    start: int
    first: int
    last: int

    def start_s(self, sample_rate_hz: int) -> float:
        """The time in the recording at which the part starts, in seconds."""
        return self.start / sample_rate_hz

    def end_s(self, sample_rate_hz: int) -> float:
        """The time in the recording at which the part ends, in seconds."""
        return (self.start + self.last - self.first) / sample_rate_hz

    def moved_s(self, moment_s: float, sample_rate_hz: int) -> float:
        """The time in the recording of a time in the part. Trimmed times move to the nearest one that was kept."""
        kept = min(max(moment_s * sample_rate_hz, self.first), self.last)
        return (self.start + kept - self.first) / sample_rate_hz


def read_samples(body: bytes) -> tuple[Samples, WavInfo]:
    """The mono samples of a WAV body, shape (frames,), as int16 or float32, without a copy.

    Raises `NotWav` for a body that is not a complete WAV, and `ValueError` for other encodings or several channels.
    """
    info = probe_wav(body)
    dtype = _DTYPES.get(info.encoding)
    if dtype is None or info.channels != 1:
        raise ValueError(f"{info.encoding} with {info.channels} channels cannot be joined")
    return np.frombuffer(body, dtype, info.frames, info.start), info


def as_float(samples: Samples) -> NDArray[np.float32]:
    """The same samples as float32 in -1..1."""
    if samples.dtype == np.int16:
        return np.divide(samples, np.float32(32768), dtype=np.float32)
    return np.asarray(samples, np.float32)


def join(
    pieces: Iterable[tuple[Samples, float]], sample_rate_hz: int, places: list[Place] | None = None
) -> Iterator[Samples]:
    """Blocks of one recording from parts: pairs of samples and the pause after them in seconds.

    At each join, the silence at the edges of the parts is trimmed to 20 ms and the edges are faded, so that the pause
    has the given length and starts and ends at zero. The start of the first and the end of the last part stay as they
    are. Only one part is in memory at a time. The place of each part is appended to `places`.
    """
    written, is_first = 0, True
    for (samples, pause_s), is_last in _and_whether_last(pieces):
        cut, first = _edge(samples, sample_rate_hz, head=not is_first, tail=not is_last)
        if places is not None:
            places.append(Place(written, first, first + len(cut)))
        yield cut
        pause = 0 if is_last else round(pause_s * sample_rate_hz)
        if pause > 0:
            yield np.zeros(pause, samples.dtype)
        written += len(cut) + pause
        is_first = False


def _and_whether_last(things: Iterable[T]) -> Iterator[tuple[T, bool]]:
    held: list[T] = []
    for thing in things:
        if held:
            yield held.pop(), False
        held.append(thing)
    if held:
        yield held.pop(), True


def _edge(samples: Samples, sample_rate_hz: int, *, head: bool, tail: bool) -> tuple[Samples, int]:
    """The trimmed and faded part, and the number of frames trimmed from its start."""
    if not head and not tail:
        return samples, 0
    first, last = sounding(samples, round(_KEPT_SILENCE_S * sample_rate_hz))
    first = first if head else 0
    cut = samples[first : last if tail else len(samples)].copy()
    length = min(round(_FADE_S * sample_rate_hz), len(cut) // 2)
    if length:
        ramp = 0.5 - 0.5 * np.cos(np.linspace(0, np.pi, length, endpoint=False))
        if head:
            cut[:length] = (cut[:length] * ramp).astype(cut.dtype)
        if tail:
            cut[-length:] = (cut[-length:] * ramp[::-1]).astype(cut.dtype)
    return cut, first


def sounding(samples: Samples, kept: int) -> tuple[int, int]:
    """Start and end of the sound, with `kept` samples of the silence around it; everything if all of it is silent."""
    full_scale = 32768 if samples.dtype.kind == "i" else 1
    loud = np.flatnonzero(np.abs(samples.astype(np.float32)) > _SILENCE_LEVEL * full_scale)
    if not len(loud):
        return 0, len(samples)
    return max(0, int(loud[0]) - kept), min(len(samples), int(loud[-1]) + 1 + kept)
