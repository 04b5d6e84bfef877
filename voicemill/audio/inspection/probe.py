"""What an audio file is, before it is sent anywhere: its length, its digest, and whether it is audio at all."""

import errno
import hashlib
import os
import stat
from dataclasses import replace
from io import BufferedReader
from pathlib import Path
from typing import BinaryIO

import av
from av.container import InputContainer

from voicemill.audio.decode import OPTIONS
from voicemill.model import Recording

_AV_TIME_BASE = 1_000_000
_EBML_HEADER_BYTES = 64


class Unlistenable(ValueError):
    """A file is no audio that could be sent; the text follows its name, and says what to do. `code` is for programs."""

    def __init__(self, why: str, code: str) -> None:
        super().__init__(why)
        self.code = code


def inspect_recording(path: Path) -> Recording:
    """Length, digest and kind of the audio file at `path`; only a regular file is opened. Raises `Unlistenable`."""
    try:
        with _opened(path) as file:
            found = os.fstat(file.fileno())
            if not found.st_size:
                raise Unlistenable("is empty; give a file with audio in it", "empty_file")
            measured = _measured(file)
            file.seek(0)
            digest = hashlib.file_digest(file, "sha256").hexdigest()
    except (OSError, ValueError) as error:
        raise error if isinstance(error, Unlistenable) else _unreadable(error) from None
    return replace(measured, path=str(path.absolute()), sha256=digest, size_bytes=found.st_size)


def _opened(path: Path) -> BufferedReader:
    # Without blocking, so that a pipe cannot hold the check up.
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise Unlistenable("is not a file but a folder or a device; give an audio file", "not_a_file")
    return os.fdopen(descriptor, "rb")


def _measured(file: BinaryIO) -> Recording:
    try:
        with av.open(file, "r", options=OPTIONS, metadata_errors="replace") as container:
            if not container.streams.audio:
                raise Unlistenable("holds no audio; give a file with speech in it", "not_audio")
            has_video = any(not _is_cover(stream) for stream in container.streams.video)
            sound = container.streams.audio[0].codec_context
            return Recording(
                duration_s=_duration_s(container),
                has_video=has_video,
                container=_container_name(container, file, has_video=has_video),
                encoding=sound.name,
                sample_rate_hz=sound.sample_rate,
            )
    except av.error.FFmpegError:
        raise Unlistenable("is no audio that can be read; convert it, or leave it out", "not_audio") from None


def _is_cover(stream: "av.video.stream.VideoStream") -> bool:
    return bool(stream.disposition & av.stream.Disposition.attached_pic)


def _container_name(container: InputContainer, file: BinaryIO, *, has_video: bool) -> str:
    """What FFmpeg calls the container; it has one name for all kinds of MP4, and one for WebM and Matroska."""
    name = container.format.name.partition(",")[0]
    if name == "mov":
        brand = container.metadata.get("major_brand", "").strip()
        return "mov" if brand == "qt" else "mp4" if has_video else "m4a"
    if name == "matroska":
        file.seek(0)
        return "webm" if b"webm" in file.read(_EBML_HEADER_BYTES) else "mkv"
    return name


def _duration_s(container: InputContainer) -> float:
    """The length that the container tells, or where it tells none (a stream), that of its audio as decoded."""
    stream = container.streams.audio[0]
    if stream.duration is not None and stream.time_base is not None:
        length_s = float(stream.duration * stream.time_base)
    elif container.duration is not None:
        length_s = container.duration / _AV_TIME_BASE
    else:
        length_s = sum(frame.samples / frame.sample_rate for frame in container.decode(stream))
    if not 0 < length_s < float("inf"):
        raise Unlistenable("lasts no time at all; give a file with audio in it", "not_audio")
    return length_s


def _unreadable(error: Exception) -> Unlistenable:
    number = error.errno if isinstance(error, OSError) else None
    if number in (errno.ENOENT, errno.ENOTDIR):
        return Unlistenable("does not exist; give its path from the manifest's folder, or in full", "missing")
    if number in (errno.EACCES, errno.EPERM):
        return Unlistenable("may not be read by you; give yourself permission (chmod u+r)", "unreadable")
    if number == errno.ENXIO:
        return Unlistenable("is not a file but a device; give an audio file", "not_a_file")
    return Unlistenable(f"cannot be read ({error}); check the path", "unreadable")
