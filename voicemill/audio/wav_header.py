"""Check the header of a WAV against its bytes, in pure Python and with bounded reads.

The layout follows RFC 2361 and Microsoft's `mmreg.h` (format tags 1, 3, 6, 7), including `WAVE_FORMAT_EXTENSIBLE`.
The status 200 does not prove that a body is complete, because HTTP can truncate it without an error. The audio does.
"""

import struct
from dataclasses import dataclass
from mmap import mmap

from voicemill.model.audio_formats import BYTES_PER_SAMPLE, Encoding

_ENCODINGS: dict[tuple[int, int], Encoding] = {
    (1, 16): "pcm_s16le",
    (3, 32): "pcm_f32le",
    (6, 8): "pcm_alaw",
    (7, 8): "pcm_mulaw",
}
_EXTENSIBLE = 0xFFFE
# FFmpeg and OpenAI store 0xFFFFFFFF, SoX 0x7FFFF000, others 0 or a size a little below the largest.
_NEAR_THE_LARGEST = 0x1000
_MOST_CHUNKS = 64


class NotWav(ValueError):
    """The bytes are not a usable WAV; the text says why."""


class TruncatedWav(NotWav):
    """The file ends before its header says that it does."""


@dataclass(frozen=True, slots=True)
class WavInfo:
    """The position of a WAV's samples (`start` to `stop`, in bytes) and their format.

    `sized` is False if the writer did not know the size, as in a stream. Then the bytes do not prove that the WAV is
    complete.
    """

    encoding: Encoding
    sample_rate_hz: int
    channels: int
    start: int
    stop: int
    sized: bool

    @property
    def frames(self) -> int:
        """The number of samples in each channel."""
        return (self.stop - self.start) // (BYTES_PER_SAMPLE[self.encoding] * self.channels)

    @property
    def duration_s(self) -> float:
        """The length in seconds."""
        return self.frames / self.sample_rate_hz


def probe_wav(body: bytes | mmap) -> WavInfo:
    """Read the chunks of a WAV and compare their sizes with the bytes.

    Raises `NotWav` for other files, truncated samples, and encodings that the API does not have.
    """
    if len(body) < 12 or body[:4] not in (b"RIFF", b"RF64") or body[8:12] != b"WAVE":
        raise NotWav("it is not a WAV file")
    layout: tuple[Encoding, int, int] | None = None
    position = 12
    for _ in range(_MOST_CHUNKS):
        if position + 8 > len(body):
            break
        name, size = body[position : position + 4], struct.unpack_from("<I", body, position + 4)[0]
        position += 8
        if name == b"fmt ":
            layout = _layout(body[position : position + min(size, 40)])
        elif name == b"data":
            if layout is None:
                raise NotWav("its data chunk comes before its fmt chunk")
            return _samples(body, position, size, layout)
        position += size + size % 2
    raise NotWav("it contains no samples")


def _layout(chunk: bytes) -> tuple[Encoding, int, int]:
    if len(chunk) < 16:
        raise TruncatedWav("its fmt chunk is truncated")
    tag, channels, sample_rate_hz, _, _, bits = struct.unpack_from("<HHIIHH", chunk)
    if tag == _EXTENSIBLE and len(chunk) >= 26:
        tag = struct.unpack_from("<H", chunk, 24)[0]
    encoding = _ENCODINGS.get((tag, bits))
    if encoding is None:
        raise NotWav(f"its samples have format {tag} with {bits} bits, which the API does not return")
    if not 1 <= channels <= 8 or not 1000 <= sample_rate_hz <= 768_000:
        raise NotWav(f"it claims {channels} channels at {sample_rate_hz} Hz")
    return encoding, channels, sample_rate_hz


def _samples(body: bytes | mmap, start: int, size: int, layout: tuple[Encoding, int, int]) -> WavInfo:
    encoding, channels, sample_rate_hz = layout
    there = len(body) - start
    sized = not states_no_size(size)
    if sized and size > there:
        raise TruncatedWav(f"it is truncated: it has {there} of {size} bytes of samples")
    frame_bytes = BYTES_PER_SAMPLE[encoding] * channels
    length = size if sized else there
    if length % frame_bytes:
        raise NotWav("it ends in the middle of a sample")
    return WavInfo(encoding, sample_rate_hz, channels, start, start + length, sized)


def states_no_size(size_bytes: int) -> bool:
    """Whether the size of a chunk is a placeholder of a writer that could not seek back."""
    largest = (0x7FFFFFFF, 0xFFFFFFFF)
    return size_bytes == 0 or any(0 <= most - size_bytes < _NEAR_THE_LARGEST for most in largest)
