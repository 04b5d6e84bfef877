"""Stretches of recordings as files that can be uploaded."""

import asyncio
import os
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import BinaryIO

from voicemill.audio.decode import UndecodableAudio
from voicemill.audio.inspection import state_of
from voicemill.audio.segment_files import write_stretch, write_stretch_to_hear
from voicemill.errors import Refused, StorageError
from voicemill.model import Clip

Write = Callable[[Path, float, float | None, BinaryIO], None]


@asynccontextmanager
async def heard(clip: Clip) -> AsyncIterator[Path]:
    """A file that holds just `clip`, for a recogniser: the recording itself, or the stretch without loss at 16 kHz.

    Raises `Refused` where the recording cannot be read any more, and `StorageError`.
    """
    if clip.is_whole:
        async with _unchanged(clip):
            yield _there(clip)
        return
    async with _written(clip, ".flac", write_stretch_to_hear) as path:
        yield path


@asynccontextmanager
async def opened(clip: Clip, sample_rate_hz: int) -> AsyncIterator[Path]:
    """The same, a stretch as WAV at `sample_rate_hz`."""
    if clip.is_whole:
        async with _unchanged(clip):
            yield _there(clip)
        return
    async with _written(clip, ".wav", partial(write_stretch, sample_rate_hz=sample_rate_hz)) as path:
        yield path


@asynccontextmanager
async def opened_as_wav(clip: Clip | None, sample_rate_hz: int) -> AsyncIterator[Path | None]:
    """The same, the whole recording as WAV too; None where there is no clip."""
    if clip is None:
        yield None
        return
    async with _written(clip, ".wav", partial(write_stretch, sample_rate_hz=sample_rate_hz)) as path:
        yield path


@asynccontextmanager
async def _unchanged(clip: Clip) -> AsyncIterator[None]:
    """Refuse to send, or to keep an answer to, other bytes than those whose digest is in the question."""
    _refuse_changed(clip)
    yield
    _refuse_changed(clip)


def _refuse_changed(clip: Clip) -> None:
    if clip.state is None:
        return
    try:
        is_changed = state_of(Path(clip.path)) != clip.state
    except OSError:
        return  # Who reads it says so.
    if is_changed:
        why = f"{clip.path} was changed after it was checked; run the same command again to have it as it is now"
        raise Refused(why, code="changed")


def _there(clip: Clip) -> Path:
    path = Path(clip.path)
    if not path.is_file():
        raise _unreadable(clip, "it is not there any more")
    return path


@asynccontextmanager
async def _written(clip: Clip, suffix: str, write: Write) -> AsyncIterator[Path]:
    descriptor, name = tempfile.mkstemp(prefix="voicemill-", suffix=suffix)
    try:
        async with _unchanged(clip):
            await asyncio.to_thread(_write, clip, descriptor, write)
        yield Path(name)
    finally:
        os.unlink(name)  # noqa: PTH108 - the counterpart of mkstemp


def _write(clip: Clip, descriptor: int, write: Write) -> None:
    with os.fdopen(descriptor, "wb") as file:
        try:
            write(Path(clip.path), clip.start_s, clip.stop_s, file)
        except (UndecodableAudio, FileNotFoundError, PermissionError) as error:
            raise _unreadable(clip, str(error)) from None
        except OSError as error:
            raise StorageError(
                f"a stretch of {clip.path} cannot be written to {tempfile.gettempdir()}: {error.strerror}; make room "
                "there, or set TMPDIR to a folder that has it"
            ) from None


def _unreadable(clip: Clip, why: str) -> Refused:
    return Refused(
        f"{clip.path} cannot be read: {why}; put it back or correct the manifest", code="recording_unreadable"
    )
