"""Write clips of recordings as files that can be uploaded."""

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Final

import numpy as np

from voicemill.audio.blocks import Mono
from voicemill.audio.decode import decode_segment, frames_between, of_length
from voicemill.audio.encode import Encoder
from voicemill.audio.media_writer import Track
from voicemill.model.audio_formats import AudioFormat
from voicemill.model.recordings import Clip

RECOGNIZER_RATE_HZ: Final = 16_000
"""The sample rate of speech recognition models."""


def write_flac_clip(clip: Clip, sink: BinaryIO) -> None:
    """Write `clip` for a recognizer: mono FLAC with 16 bits at 16 kHz.

    Raises `UndecodableAudio`, also if the clip is not as long as planned.
    """
    with Track(sink, "flac", "flac", RECOGNIZER_RATE_HZ, channels=1) as track:
        for block in clip_blocks(clip, RECOGNIZER_RATE_HZ):
            track.write((np.clip(block, -1.0, 1.0) * 32767).round().astype(np.int16)[:, None])


def write_wav_clip(clip: Clip, sink: BinaryIO, sample_rate_hz: int) -> None:
    """Write `clip` as mono WAV with 16 bits. Raises as `write_flac_clip` does."""
    with Encoder(sink, AudioFormat("wav", sample_rate_hz, "pcm_s16le"), sample_rate_hz) as encoder:
        for block in clip_blocks(clip, sample_rate_hz):
            encoder.write(block)


def clip_blocks(clip: Clip, sample_rate_hz: int) -> Iterator[Mono]:
    """The samples of `clip`, as many as planned where its recording was inspected.

    Raises `WrongLength` after the last block if there are more or fewer, and `UndecodableAudio`.
    """
    stop_s = None if clip.is_to_end else clip.stop_s
    blocks = decode_segment(Path(clip.path), sample_rate_hz, clip.start_s, stop_s, clip.reading)
    if not clip.reading.samples:
        return blocks
    end_s = clip.reading.samples / clip.reading.sample_rate_hz if stop_s is None else stop_s
    return of_length(blocks, frames_between(clip.start_s, end_s, sample_rate_hz), sample_rate_hz)
