"""Zip packages whose bytes depend only on their content: EPUB and LPF."""

import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO, Final

_EARLIEST: Final = (1980, 1, 1, 0, 0, 0)
_FILE_MODE: Final = 0o644 << 16
_BLOCK_BYTES: Final = 1 << 20


class ZipPackage:
    """A zip file that is written entry by entry, without times and in a fixed order."""

    def __init__(self, package: zipfile.ZipFile) -> None:
        self._package = package

    def add_text(self, name: str, text: str) -> None:
        """Add a text, compressed."""
        self._package.writestr(_entry(name, zipfile.ZIP_DEFLATED), text.encode())

    def add_stored(self, name: str, content: bytes) -> None:
        """Add bytes that are not compressed, such as a picture."""
        self._package.writestr(_entry(name, zipfile.ZIP_STORED), content)

    def add_file(self, name: str, source: BinaryIO) -> None:
        """Add a file that is compressed already, block by block."""
        with self._package.open(_entry(name, zipfile.ZIP_STORED), "w", force_zip64=False) as target:
            while block := source.read(_BLOCK_BYTES):
                target.write(block)


def _entry(name: str, compression: int) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, _EARLIEST)
    entry.compress_type = compression
    entry.external_attr = _FILE_MODE
    return entry


@contextmanager
def zip_package(target: BinaryIO) -> Iterator[ZipPackage]:
    """A package that is written to an open binary file."""
    with zipfile.ZipFile(target, "w") as package:
        yield ZipPackage(package)
