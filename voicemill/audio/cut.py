"""Stretches of recordings, as files of their own."""

from pathlib import Path
from typing import BinaryIO, Final

from voicemill.audio.decode import decode_stretch
from voicemill.audio.encode import Encoder
from voicemill.audio.formats import AudioFormat

_STRETCH: Final = AudioFormat("wav", 48000, "pcm_s16le")


def write_stretch(path: Path, start_s: float, stop_s: float | None, sink: BinaryIO) -> None:
    """Write what lies between two moments of the recording at `path` as WAV. Raises `UndecodableAudio`."""
    with Encoder(sink, _STRETCH, _STRETCH.sample_rate_hz) as encoder:
        for block in decode_stretch(path, _STRETCH.sample_rate_hz, start_s, stop_s):
            encoder.write(block)
