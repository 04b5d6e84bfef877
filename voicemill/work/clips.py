"""Stretches of recordings as files that can be uploaded."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from voicemill.audio.cut import write_stretch
from voicemill.model import Clip


@contextmanager
def opened(clip: Clip) -> Iterator[Path]:
    """A file that holds just `clip`: the recording itself, or a lossless copy of the stretch for as long as needed."""
    if clip.is_whole:
        yield Path(clip.path)
        return
    descriptor, name = tempfile.mkstemp(prefix="voicemill-", suffix=".wav")
    try:
        with os.fdopen(descriptor, "wb") as file:
            write_stretch(Path(clip.path), clip.start_s, clip.stop_s, file)
        yield Path(name)
    finally:
        os.unlink(name)  # noqa: PTH108 - the counterpart of mkstemp


@contextmanager
def opened_if_any(clip: Clip | None) -> Iterator[Path | None]:
    """As `opened`; None where there is no clip."""
    if clip is None:
        yield None
        return
    with opened(clip) as path:
        yield path
