"""Data sets that are not tables: LibriSpeech's `.trans.txt` and the files of Kaldi."""

import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from voicemill.manifest.readers.byte_source import Source
from voicemill.manifest.readers.csv_reader import bounded_lines
from voicemill.manifest.readers.manifest_line import Line, Reader, Unreadable
from voicemill.manifest.text_encoding import decoded, encoding_name

_KALDI: Final = "in Kaldi's format"
_UNTIL_THE_END: Final = "-1"
_SEGMENT_CELLS: Final = 4
_KALDI_FILES: Final = frozenset({"segments", "text"})

Cells = Sequence[Any]


class InvalidLine(Exception):
    """A line does not have the form of its format; the message says why."""


class DatasetReader:
    """Reads a file whose lines are split into cells by other rules than those of CSV. Blank lines do not count."""

    lines_above = 0
    decimal_comma = False

    def __init__(self, source: Source, dialect: str, columns: tuple[str, ...], split: Callable[[str], Cells]) -> None:
        self._source = source
        self._split = split
        self.dialect = dialect
        self.columns = columns

    def lines(self) -> Iterator[Line]:
        """The lines as rows, in order."""
        number = 0
        with self._source.open_text() as text:
            for place, line in enumerate(bounded_lines(text), start=1):
                if not line.strip():
                    continue
                number += 1
                try:
                    yield Line(number, place, self._split(line.strip()))
                except InvalidLine as invalid:
                    yield Line(number, place, (), ("", str(invalid)))


class NamedAudioReader:
    """The rows of another reader, with the recording that is named after each row's id."""

    def __init__(self, rows: Reader, folder: str, extension: str) -> None:
        self._rows = rows
        self._folder, self._extension = folder, extension
        self._id_place = rows.columns.index("id")
        self.columns = (*rows.columns, "audio")
        self.lines_above = rows.lines_above
        self.decimal_comma = rows.decimal_comma
        self.dialect = rows.dialect

    def lines(self) -> Iterator[Line]:
        """The rows in order."""
        for line in self._rows.lines():
            if line.cells:
                name = f"{self._folder}/{line.cells[self._id_place]}{self._extension}"
                yield line._replace(cells=[*line.cells, name])
            else:
                yield line


def librispeech(source: Source, *, with_audio: bool) -> DatasetReader:
    """A `.trans.txt`: an id and a text on each line; the recording has the id's name, in the same folder."""

    def split(line: str) -> Cells:
        row_id, _, text = line.partition(" ")
        if not text.strip():
            raise InvalidLine("the line has no text after its id; add it or remove the line")
        return (row_id, text.strip(), f"{row_id}.flac") if with_audio else (row_id, text.strip())

    columns = ("id", "transcript", "audio") if with_audio else ("id", "transcript")
    return DatasetReader(source, "in LibriSpeech's format", columns, split)


def kaldi(source: Source) -> DatasetReader:
    """A `wav.scp` (id and path), a `segments` (id, recording, start and end) or a `text` (id and text)."""
    path = Path(source.name)
    if path.name == "text":
        return DatasetReader(source, _KALDI, ("id", "transcript"), lambda line: line.split(maxsplit=1))
    texts = _pairs(path.with_name("text"))
    columns: tuple[str, ...] = ("id", "audio", "transcript")
    if path.name == "segments":
        recordings = _pairs(path.with_name("wav.scp"))
        columns = (*columns, "start", "end", *(["channel"] if _has_channels(source) else []))
        return DatasetReader(source, _KALDI, columns, lambda line: _segment(line, recordings, texts, len(columns)))
    return DatasetReader(source, _KALDI, columns, lambda line: _recording(line, texts))


def is_kaldi(path: Path) -> bool:
    """Whether a file is one of those in a folder of Kaldi, by its name."""
    return path.suffix == ".scp" or (path.name in _KALDI_FILES and path.with_name("wav.scp").is_file())


def _recording(line: str, texts: dict[str, str]) -> Cells:
    row_id, path = _first_and_rest(line)
    if path.endswith("|"):
        raise InvalidLine("the recording is the output of a command, which is not run; write it to a file first")
    if not path:
        raise InvalidLine("the line has no path after its id; add it or remove the line")
    return row_id, path, texts.get(row_id, "")


def _has_channels(source: Source) -> bool:
    """Whether a `segments` has a fifth cell, which selects a channel of the recording."""
    with source.open_text() as text:
        return any(len(line.split()) > _SEGMENT_CELLS for line in bounded_lines(text))


def _segment(line: str, recordings: dict[str, str], texts: dict[str, str], width: int) -> Cells:
    cells = line.split()
    if len(cells) < _SEGMENT_CELLS or cells[1] not in recordings:
        raise InvalidLine("the line needs an id, a recording of wav.scp, a start and an end; correct it")
    _, path, _ = _recording(f"{cells[1]} {recordings[cells[1]]}", {})
    end = "" if cells[3] == _UNTIL_THE_END else cells[3]
    found = (cells[0], path, texts.get(cells[0], ""), cells[2], end, "".join(cells[_SEGMENT_CELLS:]))
    return found[:width]


def _pairs(path: Path) -> dict[str, str]:
    """The first word and the rest of each line of a file beside the manifest; nothing if it does not exist."""
    try:
        lines = re.split(r"\r\n|\r|\n", decoded(path.read_bytes()))
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise Unreadable(f"{path.name!r} beside it cannot be read ({error.strerror}); check its permissions") from None
    except UnicodeDecodeError as error:
        why = f"{path.name!r} beside it is not {encoding_name(error)} at byte {error.start + 1:,}; save it as UTF-8"
        raise Unreadable(why) from None
    pairs: dict[str, str] = {}
    for place, line in enumerate(lines, start=1):
        if line.strip():
            first, rest = _first_and_rest(line)
            if pairs.setdefault(first, rest) != rest:
                raise Unreadable(f"{path.name!r} beside it has a second line for {first!r} (line {place}); remove one")
    return pairs


def _first_and_rest(line: str) -> tuple[str, str]:
    """The first word of a line and all that follows it. Spaces or tabs separate them."""
    first, *rest = line.split(maxsplit=1)
    return first, "".join(rest).strip()
