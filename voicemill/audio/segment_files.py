"""Stretches of recordings, as files of their own."""

from pathlib import Path
from typing import BinaryIO, Final

import numpy as np

from voicemill.audio.decode import decode_stretch
from voicemill.audio.encode import Encoder
from voicemill.audio.formats import AudioFormat
from voicemill.audio.media_writer import Track

HEARING_RATE_HZ: Final = 16_000
"""Recognisers work at this rate; more is sent for nothing."""


def write_stretch_to_hear(path: Path, start_s: float, stop_s: float | None, sink: BinaryIO) -> None:
    """Write a stretch of the recording at `path` as small as it goes without loss: 16 kHz mono FLAC of 16 bits.

    `stop_s` None is the end. Raises `UndecodableAudio`.
    """
    with Track(sink, "flac", "flac", HEARING_RATE_HZ, channels=1) as track:
        for block in decode_stretch(path, HEARING_RATE_HZ, start_s, stop_s):
            track.write((np.clip(block, -1.0, 1.0) * 32767).round().astype(np.int16)[:, None])


def write_stretch(path: Path, start_s: float, stop_s: float | None, sink: BinaryIO, sample_rate_hz: int) -> None:
    """Write a stretch of the recording at `path` as mono WAV of 16 bits. Raises `UndecodableAudio`."""
    with Encoder(sink, AudioFormat("wav", sample_rate_hz, "pcm_s16le"), sample_rate_hz) as encoder:
        for block in decode_stretch(path, sample_rate_hz, start_s, stop_s):
            encoder.write(block)
