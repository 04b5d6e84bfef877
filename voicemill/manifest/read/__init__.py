"""Manifests as files: opened, recognised, and read line by line."""

from voicemill.manifest.read.delimited import DelimitedReader
from voicemill.manifest.read.line import Line, Reader, Unreadable
from voicemill.manifest.read.source import Source

__all__ = ["Line", "Reader", "Source", "Unreadable", "open_reader"]


def open_reader(source: Source) -> Reader:
    """The reader for what the file holds. Raises `Unreadable`."""
    return DelimitedReader(source, source.kind)
