"""Read the files of an EPUB, with limits on what it may unpack to."""

import unicodedata
import zipfile
import zlib
from pathlib import Path
from typing import Final
from urllib.parse import unquote

from voicemill.book.importing.markup import decoded, parse
from voicemill.book.importing.source import local_name, normal_path
from voicemill.errors import BookError

_MAX_FILES: Final = 20_000
_MAX_FILE_BYTES: Final = 64 * 1024 * 1024
_MAX_TOTAL_BYTES: Final = 512 * 1024 * 1024
"""What is read in total; files that are not read, such as audio, do not count."""
_MAX_RATIO: Final = 200
_SMALL_BYTES: Final = 16 * 1024 * 1024
"""A file of this size may be compressed at any ratio."""
_UTF_8_FLAG: Final = 0x800
_DRM_FILES: Final = {
    "META-INF/rights.xml": ("Adobe DRM", b"ns.adobe.com/adept"),
    "META-INF/sinf.xml": ("Apple DRM", b""),
    "META-INF/license.lcpl": ("Readium LCP", b""),
}
"""The files of known systems, and what they contain if the system is in use: the first may state rights only."""


class Archive:
    """The files of a zip archive by their normal path. Close it, or use it as a context manager."""

    def __init__(self, path: Path) -> None:
        try:
            self._zip = zipfile.ZipFile(path)
        except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
            raise BookError(
                f"{path} cannot be opened as an EPUB ({error}); check that the download is complete"
            ) from None
        infos = self._zip.infolist()
        if len(infos) > _MAX_FILES:
            raise BookError(f"{path} has {len(infos):,} files, but the limit is {_MAX_FILES:,}; remove some")
        self._infos = {normal_path(_file_name(info)): info for info in infos if not info.is_dir()}
        self._by_spelling = {_spelling(name): name for name in self._infos}
        self._read_bytes = 0

    def __enter__(self) -> "Archive":
        return self

    def __exit__(self, *_error: object) -> None:
        self._zip.close()

    @property
    def names(self) -> tuple[str, ...]:
        """The paths of all files."""
        return tuple(self._infos)

    def find(self, name: str) -> str:
        """The path of a file, ignoring case, escapes and composed letters; empty if the archive does not have it."""
        path = normal_path(name)
        return path if path in self._infos else self._by_spelling.get(_spelling(path), "")

    def read(self, name: str) -> bytes:
        """The content of a file. Raises `BookError` for one that is missing, damaged, encrypted or too large."""
        info = self._infos.get(name)
        if info is None:
            raise BookError(f"the book has no file {name!r}, which its package names")
        if info.flag_bits & 1:
            raise BookError(f"{name!r} is encrypted; import a copy without DRM")
        self._check_size(info, name)
        try:
            with self._zip.open(info) as file:
                content = file.read(_MAX_FILE_BYTES + 1)
        except (zipfile.BadZipFile, zlib.error, OSError, EOFError, NotImplementedError, ValueError) as error:
            raise BookError(f"{name!r} is damaged in the archive ({error}); download the book again") from None
        self._read_bytes += len(content)
        if len(content) > _MAX_FILE_BYTES or self._read_bytes > _MAX_TOTAL_BYTES:
            raise BookError(f"{name!r} unpacks to more than a book may have; the archive is refused")
        return content

    def _check_size(self, info: zipfile.ZipInfo, name: str) -> None:
        if info.file_size > _MAX_FILE_BYTES:
            raise BookError(
                f"{name!r} unpacks to {info.file_size:,} bytes, but the limit is {_MAX_FILE_BYTES:,}; make it smaller"
            )
        if info.file_size > _SMALL_BYTES and info.file_size > _MAX_RATIO * max(1, info.compress_size):
            raise BookError(
                f"{name!r} unpacks to {info.file_size:,} bytes from {info.compress_size:,}: refused as a zip bomb"
            )

    def check_no_drm(self, needed: set[str]) -> None:
        """Raise `BookError` where the book is protected: a license file, or encryption of a file that is needed.

        Encrypted fonts are common in books without DRM, and are not needed.
        """
        for name, (system, content) in _DRM_FILES.items():
            if (found := self.find(name)) and content in self.read(found):
                raise BookError(f"the book is protected by {system}; import a copy without DRM")
        encryption = self.find("META-INF/encryption.xml")
        if not encryption:
            return
        root, _ = parse(decoded(self.read(encryption), encryption), encryption)
        listed = {self.find(each.get("URI", "")) for each in root.iter() if local_name(each) == "cipherreference"}
        for name in sorted(listed & {self.find(name) for name in needed} - {""}):
            raise BookError(f"{name!r} is encrypted (DRM); import a copy without DRM")


def _file_name(info: zipfile.ZipInfo) -> str:
    """The name of a file; some programs write names in UTF-8 without the flag that says so."""
    if info.flag_bits & _UTF_8_FLAG:
        return info.filename
    try:
        return info.filename.encode("cp437").decode("utf-8")
    except UnicodeError:
        return info.filename


def _spelling(name: str) -> str:
    return unicodedata.normalize("NFC", unquote(name)).casefold()
