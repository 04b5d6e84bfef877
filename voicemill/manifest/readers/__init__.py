"""Open manifest files, recognize their format, and read them line by line."""

from pathlib import Path

from voicemill.manifest.readers.byte_source import STDIN, Source
from voicemill.manifest.readers.csv_reader import DelimitedReader
from voicemill.manifest.readers.dataset_reader import NamedAudioReader, is_kaldi, kaldi, librispeech
from voicemill.manifest.readers.jsonl_reader import JsonLinesReader
from voicemill.manifest.readers.manifest_line import Line, Reader, Unreadable
from voicemill.manifest.readers.parquet_reader import ParquetReader
from voicemill.manifest.readers.transcript_reader import TranscriptReader, is_transcript

__all__ = ["STDIN", "Line", "Reader", "Source", "Unreadable", "open_reader"]

_TABLES = {
    "csv": "delimited",
    "tsv": "delimited",
    "ljspeech": "delimited",
    "common-voice": "delimited",
    "nemo": "jsonl",
}
"""Formats that are tables, and the kind of file that each is."""


def open_reader(source: Source, format: str = "auto", *, with_audio: bool = False) -> Reader:
    """The reader of a file in a `format` of `config.MANIFEST_FORMATS`; `auto` finds out.

    `with_audio` says that the rows work on recordings, whose names some formats imply. Raises `Unreadable`.
    """
    if format == "auto":
        format = _found(source)
    if format == "whisper":
        return TranscriptReader(source, with_audio=with_audio)
    if format == "librispeech":
        return librispeech(source, with_audio=with_audio)
    if format == "kaldi":
        return kaldi(source)
    expected = _TABLES.get(format, format)
    if expected not in ("auto", "audiofolder", source.kind):
        raise Unreadable(f"this file is not {format}; correct --format, or leave it out")
    table = _table(source)
    is_ljspeech = format == "ljspeech" or (isinstance(table, DelimitedReader) and table.has_no_names)
    if with_audio and is_ljspeech and "id" in table.columns and "audio" not in table.columns:
        return NamedAudioReader(table, "wavs", ".wav")
    return table


def _table(source: Source) -> Reader:
    if source.kind == "parquet":
        return ParquetReader(source)
    return JsonLinesReader(source) if source.kind == "jsonl" else DelimitedReader(source)


def _found(source: Source) -> str:
    """The format of a data set that its name or its content shows; `auto` for tables."""
    path = Path(source.name)
    if path.name.lower().endswith(".trans.txt"):
        return "librispeech"
    if is_kaldi(path):
        return "kaldi"
    return "whisper" if source.kind == "jsonl" and is_transcript(source) else "auto"
