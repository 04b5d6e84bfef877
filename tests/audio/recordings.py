"""Recordings for tests: bursts of noise with given pauses, in many file types."""

from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from voicemill.audio.media_writer import Track

RATE_HZ = 16_000


def bursts(length_s: float, pauses: list[tuple[float, float]], rate_hz: int = RATE_HZ) -> NDArray[np.float32]:
    """Noise at about -20 dB with silence in the `pauses`, each given by its start and end in seconds."""
    samples = np.random.default_rng(7).standard_normal(round(length_s * rate_hz)) * 0.1
    for start_s, stop_s in pauses:
        samples[round(start_s * rate_hz) : round(stop_s * rate_hz)] = 0
    return np.clip(samples, -1, 1).astype(np.float32)


def tone(length_s: float, rate_hz: int = RATE_HZ) -> NDArray[np.float32]:
    """A tone of 220 Hz at -12 dB."""
    return (0.25 * np.sin(2 * np.pi * 220 * np.arange(round(length_s * rate_hz)) / rate_hz)).astype(np.float32)


def typed(samples: NDArray[np.float32], kind: str, channels: int = 1) -> NDArray[Any]:
    """The same in the type of an encoding, each channel quieter than the one before; shape (frames, channels)."""
    planes = np.stack([samples * 0.9**channel for channel in range(channels)], axis=1).astype(np.float64)
    if kind == "pcm_s16le":
        return np.round(planes * 32767).astype(np.int16)
    if kind == "pcm_s24le":
        return np.round(planes * 8388607).astype(np.int32) * 256
    if kind == "pcm_u8":
        return np.round(planes * 127 + 128).astype(np.uint8)
    return planes.astype(np.float32)


def write(
    path: Path, samples: NDArray[np.float32], rate_hz: int = RATE_HZ, kind: str = "pcm_s16le", channels: int = 1
) -> NDArray[Any]:
    """Write a recording in the container of its extension; returns the written samples."""
    container = path.suffix[1:]
    codec = {"flac": "flac", "mp3": "mp3", "m4a": "aac", "ogg": "opus"}.get(container, kind)
    content = typed(samples, kind, channels)
    with path.open("wb") as file:
        is_deep = kind == "pcm_s24le"
        with Track(
            file, container, codec, rate_hz, channels=channels, is_deep=is_deep, tags={"title": "Mill"}
        ) as track:
            track.write(content)
    return content


def native(path: Path) -> NDArray[Any]:
    """All samples of a file in its own type, shape (frames, channels)."""
    with av.open(str(path)) as container:
        stream = container.streams.audio[0]
        return np.concatenate(
            [
                frame.to_ndarray().T
                if frame.format.is_planar
                else frame.to_ndarray().reshape(-1, len(frame.layout.channels))
                for frame in container.decode(stream)
            ]
        )


def write_video(path: Path, sound: NDArray[np.float32], rate_hz: int = 48000, *, sound_starts_s: float = 0.0) -> None:
    """Write a video of 25 frames per second with sound, in the container of its extension."""
    muxer = {"mkv": "matroska"}.get(path.suffix[1:], path.suffix[1:])
    codecs = ("libvpx", "libopus") if muxer == "webm" else ("libx264", "aac")
    with av.open(str(path), "w", format=muxer) as film:
        picture: Any = film.add_stream(codecs[0], rate=25)
        picture.width, picture.height, picture.pix_fmt = 32, 32, "yuv420p"
        track: Any = film.add_stream(codecs[1], rate=rate_hz, layout="mono")
        film.metadata["title"] = "The Mill"
        for number in range(int(25 * sound.size / rate_hz)):
            image = np.full((32, 32, 3), number % 250, np.uint8)
            shown = av.VideoFrame.from_ndarray(image, "rgb24")
            shown.pts, shown.time_base = number, Fraction(1, 25)
            film.mux(picture.encode(shown))
        film.mux(picture.encode(None))
        heard = av.AudioFrame.from_ndarray(sound[None, :], "flt", "mono")
        heard.sample_rate, heard.time_base = rate_hz, Fraction(1, rate_hz)
        heard.pts = round(sound_starts_s * rate_hz)
        film.mux(track.encode(heard))
        film.mux(track.encode(None))
