"""The bytes of a manifest from a file, a pipe or standard input, for repeated reading."""

import errno
import hashlib
import os
import stat
import sys
import tempfile
import weakref
from collections.abc import Callable
from contextlib import suppress
from difflib import get_close_matches
from io import BufferedReader, BytesIO, RawIOBase, TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

from voicemill.manifest.readers.dataframe import ManifestBytes
from voicemill.manifest.readers.file_kind import Kind, recognize
from voicemill.manifest.readers.manifest_line import Unreadable
from voicemill.manifest.text_encoding import is_utf16

if TYPE_CHECKING:
    from typing_extensions import Buffer

STDIN = "-"
_COPY_BYTES = 1 << 20
_HEAD_BYTES = 1 << 16


class Source:
    """A manifest's bytes. A pipe is copied to a nameless temporary file first. Raises `Unreadable`."""

    def __init__(self, given: str | Path | ManifestBytes) -> None:
        self.name = "standard input" if str(given) == STDIN else str(given)
        if isinstance(given, ManifestBytes):
            self.folder, self._open = given.folder, self._copied(BytesIO(given.content))
        elif str(given) == STDIN:
            self.folder, self._open = Path.cwd(), self._spooled()
        else:
            self.folder, self._open = Path(given).parent, self._file_or_pipe(Path(given))
        with self._open() as file:
            self._state = _state(file)
            head = file.read(_HEAD_BYTES)
            self.kind: Kind = recognize(head, _tail(file), self.name)
        self.is_utf16 = is_utf16(head)
        if self.is_utf16 and self._state.size_bytes % 2:
            raise Unreadable("the text is in UTF-16 and ends in the middle of a character; copy or save it again")

    def open(self) -> BufferedReader:
        """The bytes from the start. Raises `Unreadable` if the file has changed."""
        file = self._open()
        if _state(file) != self._state:
            file.close()
            raise Unreadable("the file changed while it was read; wait until it is written completely and try again")
        return file

    def open_text(self) -> TextIOWrapper:
        """The text from the start. A byte that is not UTF-8 and half a character in UTF-16 become lone surrogates."""
        if self.is_utf16:
            return TextIOWrapper(self.open(), "utf-16", errors="surrogatepass", newline="")
        return TextIOWrapper(self.open(), "utf-8-sig", errors="surrogateescape", newline="")

    def digest(self) -> str:
        """SHA-256 of the bytes, as 64 hex digits."""
        with self.open() as file:
            return hashlib.file_digest(file, "sha256").hexdigest()

    def _file_or_pipe(self, path: Path) -> Callable[[], BufferedReader]:
        try:
            mode = path.stat().st_mode
            if stat.S_ISFIFO(mode):
                with path.open("rb") as pipe:
                    return self._copied(pipe)
        except ValueError:
            raise Unreadable("the name has a character that file names cannot have; correct it") from None
        except OSError as error:
            raise Unreadable(_why_not_opened(path, error)) from None
        if not stat.S_ISREG(mode):
            kind = "a folder; give the manifest file in it" if stat.S_ISDIR(mode) else "a device; give a file"
            raise Unreadable(f"this is {kind}")
        return lambda: _opened(path)

    def _spooled(self) -> Callable[[], BufferedReader]:
        stream = getattr(sys.stdin, "buffer", None)
        if stream is None:
            raise Unreadable("there is no standard input to read; give the path of a file")
        return self._copied(stream)

    def _copied(self, stream: BinaryIO) -> Callable[[], BufferedReader]:
        try:
            descriptor = _nameless_copy(stream)
        except OSError as error:
            raise Unreadable(
                f"its content could not be kept in {tempfile.gettempdir()} ({error.strerror}); "
                "free some space there, or set TMPDIR to another folder"
            ) from None
        weakref.finalize(self, os.close, descriptor)
        return lambda: BufferedReader(_Reading(descriptor))


def _nameless_copy(stream: BinaryIO) -> int:
    with tempfile.TemporaryFile() as copy:
        while chunk := stream.read(_COPY_BYTES):
            copy.write(chunk)
        copy.flush()
        return os.dup(copy.fileno())


class _Reading(RawIOBase):
    """Reads an open file from its start with its own position: duplicated descriptors share one."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._position = 0

    def fileno(self) -> int:
        return self._descriptor

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        origin = {os.SEEK_SET: 0, os.SEEK_CUR: self._position}.get(whence, os.fstat(self._descriptor).st_size)
        self._position = max(0, origin + offset)
        return self._position

    def readinto(self, buffer: "Buffer") -> int:
        view = memoryview(buffer)
        content = os.pread(self._descriptor, len(view), self._position)
        view[: len(content)] = content
        self._position += len(content)
        return len(content)


def _opened(path: Path) -> BufferedReader:
    try:
        return path.open("rb")
    except OSError as error:
        raise Unreadable(_why_not_opened(path, error)) from None


class _State(NamedTuple):
    device: int
    inode: int
    size_bytes: int
    mtime_ns: int


def _state(file: BufferedReader) -> _State:
    found = os.fstat(file.fileno())
    return _State(found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns)


def _tail(file: BufferedReader) -> bytes:
    file.seek(0, os.SEEK_END)
    file.seek(max(0, file.tell() - 4))
    return file.read(4)


def _why_not_opened(path: Path, error: OSError) -> str:
    if error.errno == errno.ENOENT:
        return f"there is no such file{_similar_name(path)}; check the path"
    if error.errno in (errno.EACCES, errno.EPERM):
        return "you may not read this file; give yourself permission (chmod u+r) or choose a copy that you may read"
    if error.errno == errno.ENAMETOOLONG:
        return "the path is too long; check it"
    return f"the file cannot be opened ({error.strerror}); check the path and the disk"


def _similar_name(path: Path) -> str:
    with suppress(OSError, ValueError):
        names = sorted(entry.name for entry in path.parent.iterdir() if entry.is_file())
        for close in get_close_matches(path.name, names, n=1):
            return f" (is it {close!r}?)"
    return ""
