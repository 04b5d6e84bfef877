"""Decoding of uploaded files."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from voicemill.audio.decode import UPLOAD_OPTIONS, UndecodableAudio, decode
from voicemill.engine.refusals import bad_request
from voicemill.engine.voice_analysis.measures import RATE_HZ, Samples


@contextmanager
def readable(field: str) -> Iterator[None]:
    """Turns a file that cannot be decoded into a `Refusal` (400) that names its field."""
    try:
        yield
    except UndecodableAudio as error:
        raise bad_request(f"{field}: {error}. Send flac, m4a, mp3, mp4, mpeg, mpga, oga, ogg, wav or webm.") from None


def clip(path: Path, field: str, longest_s: float) -> Samples:
    """A whole file at 24 kHz. Raises `Refusal` (400) if it is not audio, or longer than `longest_s`."""
    blocks: list[Samples] = []
    size = 0
    with readable(field):
        for block in decode(path, RATE_HZ, options=UPLOAD_OPTIONS):
            blocks.append(np.nan_to_num(block))
            size += block.size
            if size > longest_s * RATE_HZ:
                raise bad_request(f"{field}: it is longer than {longest_s:g} seconds. Split it.")
    return np.concatenate(blocks)
