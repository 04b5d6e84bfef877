"""Manifests as files: opened, recognised, and read line by line."""

from voicemill.manifest.readers.byte_source import STDIN, Source
from voicemill.manifest.readers.csv_reader import DelimitedReader
from voicemill.manifest.readers.jsonl_reader import JsonLinesReader
from voicemill.manifest.readers.manifest_line import Line, Reader, Unreadable
from voicemill.manifest.readers.parquet_reader import ParquetReader

__all__ = ["STDIN", "Line", "Reader", "Source", "Unreadable", "open_reader"]


def open_reader(source: Source) -> Reader:
    """The reader for what the file holds. Raises `Unreadable`."""
    if source.kind == "parquet":
        return ParquetReader(source)
    if source.kind == "jsonl":
        return JsonLinesReader(source)
    return DelimitedReader(source)
