"""Write samples as an audio file: all formats of the API, in constant memory, with reproducible bytes."""

import io
from types import TracebackType
from typing import BinaryIO, Final, Self

import numpy as np
import soxr

from voicemill.audio.join import Samples, as_float
from voicemill.audio.media_writer import Track
from voicemill.model.audio_formats import BYTES_PER_SAMPLE, AudioFormat

WAV_LIMIT_BYTES: Final = (1 << 32) - 128
"""A WAV header stores the size in 32 bits; 128 bytes are for the header itself."""
_RAW_MUXERS: Final = {"pcm_f32le": "f32le", "pcm_s16le": "s16le", "pcm_mulaw": "mulaw", "pcm_alaw": "alaw"}
# Without this FFmpeg writes an empty ID3 tag before the first MP3 frame.
_NO_TAGS: Final = {"id3v2_version": "0"}


class Encoder:
    """Writes a file block by block; its memory use does not depend on the length.

    `target` is a seekable binary file that stays open. `sample_rate_hz` is the sample rate of the blocks, which are
    resampled if the format has another. The file is complete only after `close`, or after the block of a `with`
    statement. An MP3 bit rate that is too high for the sample rate is lowered (to 64 kbit/s at 8 kHz, 160 kbit/s up to
    24 kHz).
    Raises `ValueError` if a WAV would be longer than 4 GiB, the limit of its header.
    """

    def __init__(self, target: BinaryIO, format: AudioFormat, sample_rate_hz: int) -> None:
        self._format = format
        self._resampler = _resampler(sample_rate_hz, format.sample_rate_hz)
        self._samples = 0
        self._track = Track(
            target,
            _RAW_MUXERS[str(format.encoding)] if format.container == "raw" else format.container,
            "mp3" if format.container == "mp3" else str(format.encoding),
            format.sample_rate_hz,
            bit_rate_bps=format.bit_rate_bps,
            muxer_options=_NO_TAGS if format.container == "mp3" else {},
        )

    @property
    def duration_s(self) -> float:
        """The length written so far, in seconds."""
        return self._samples / self._format.sample_rate_hz

    def write(self, samples: Samples) -> None:
        """Append mono samples: float32 in -1..1 (values outside are clipped), or int16."""
        if self._resampler is not None:
            samples = self._resampler.resample_chunk(as_float(samples))
        self._write(samples)

    def close(self) -> None:
        """Write the remaining samples, and the final sizes into the header."""
        self._write_rest()
        self._track.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self._write_rest()
        self._track.__exit__(kind, error, trace)

    def _write_rest(self) -> None:
        if self._resampler is not None:
            self._write(self._resampler.resample_chunk(np.zeros(0, np.float32), last=True))

    def _write(self, samples: Samples) -> None:
        self._refuse_beyond_wav(samples.size)
        self._samples += samples.size
        self._track.write(samples)

    def _refuse_beyond_wav(self, more: int) -> None:
        if self._format.container != "wav" or self._format.encoding is None:
            return
        if (self._samples + more) * BYTES_PER_SAMPLE[self._format.encoding] > WAV_LIMIT_BYTES:
            hours = self._samples / self._format.sample_rate_hz / 3600
            raise ValueError(
                f"a WAV file cannot be longer than 4 GiB; this one is full after {hours:.1f} hours. "
                "Choose mp3, or split the text into several rows."
            )


def encode(samples: Samples, sample_rate_hz: int, format: AudioFormat) -> bytes:
    """Mono samples as one file in memory. See `Encoder`."""
    file = io.BytesIO()
    with Encoder(file, format, sample_rate_hz) as encoder:
        encoder.write(samples)
    return file.getvalue()


def _resampler(from_hz: int, to_hz: int) -> soxr.ResampleStream | None:
    return None if from_hz == to_hz else soxr.ResampleStream(from_hz, to_hz, 1, dtype="float32")
