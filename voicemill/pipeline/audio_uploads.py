"""Prepare clips of recordings as files that can be uploaded."""

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
from voicemill.audio.segment_files import write_flac_clip, write_wav_clip
from voicemill.errors import Refused, StorageError
from voicemill.model import Clip

Write = Callable[[Clip, BinaryIO], None]


@asynccontextmanager
async def recognition_upload(clip: Clip) -> AsyncIterator[Path]:
    """A file that contains `clip` for transcription: the recording itself, or else 16 kHz FLAC.

    Raises `Refused` if the recording cannot be read or is not as long as planned, and `StorageError`.
    """
    async with _file(clip) if clip.is_file else _written(clip, ".flac", write_flac_clip) as path:
        yield path


@asynccontextmanager
async def conversion_upload(clip: Clip, sample_rate_hz: int) -> AsyncIterator[Path]:
    """A file that contains `clip`: the recording itself, or else WAV at `sample_rate_hz`.

    Raises as `recognition_upload` does.
    """
    async with _file(clip) if clip.is_file else _written(clip, ".wav", _wav_at(sample_rate_hz)) as path:
        yield path


@asynccontextmanager
async def wav_upload(clip: Clip | None, sample_rate_hz: int) -> AsyncIterator[Path | None]:
    """`clip` as WAV at `sample_rate_hz`; None if there is no clip. Raises as `recognition_upload` does."""
    if clip is None:
        yield None
        return
    async with _written(clip, ".wav", _wav_at(sample_rate_hz)) as path:
        yield path


def _wav_at(sample_rate_hz: int) -> Write:
    return partial(write_wav_clip, sample_rate_hz=sample_rate_hz)


@asynccontextmanager
async def _file(clip: Clip) -> AsyncIterator[Path]:
    async with _unchanged(clip):
        yield _existing(clip)


def _existing(clip: Clip) -> Path:
    path = Path(clip.path)
    if not path.is_file():
        raise _unreadable(clip, "it no longer exists")
    return path


@asynccontextmanager
async def _unchanged(clip: Clip) -> AsyncIterator[None]:
    """Raise `Refused` if the file changed since it was hashed for the key: no upload or answer of it is valid."""
    _refuse_changed(clip)
    yield
    _refuse_changed(clip)


def _refuse_changed(clip: Clip) -> None:
    if clip.state is None:
        return
    try:
        is_changed = state_of(Path(clip.path)) != clip.state
    except OSError:
        return  # Reading it reports why.
    if is_changed:
        why = f"{clip.path} was changed after it was checked; run the same command again to use the new version"
        raise Refused(why, code="changed")


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
            write(clip, file)
        except (UndecodableAudio, FileNotFoundError, PermissionError) as error:
            raise _unreadable(clip, str(error)) from None
        except OSError as error:
            raise StorageError(
                f"a clip of {clip.path} cannot be written to {tempfile.gettempdir()}: {error.strerror}; free some "
                "space there, or set TMPDIR to a folder that has more"
            ) from None


def _unreadable(clip: Clip, why: str) -> Refused:
    why = f"{clip.path} cannot be read: {why}; restore the file or correct the manifest"
    return Refused(why, code="recording_unreadable")
