"""Manifests as files: opened, recognised, and read line by line."""

from voicemill.manifest.read.delimited import DelimitedReader
from voicemill.manifest.read.jsonl import JsonLinesReader
from voicemill.manifest.read.line import Line, Reader, Unreadable
from voicemill.manifest.read.parquet import ParquetReader
from voicemill.manifest.read.source import STDIN, Source

__all__ = ["STDIN", "Line", "Reader", "Source", "Unreadable", "open_reader"]


def open_reader(source: Source) -> Reader:
    """The reader for what the file holds. Raises `Unreadable`."""
    if source.kind == "parquet":
        return ParquetReader(source)
    if source.kind == "jsonl":
        return JsonLinesReader(source)
    return DelimitedReader(source, source.kind)
