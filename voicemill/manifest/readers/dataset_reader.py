"""Data sets that are not tables: LibriSpeech's `.trans.txt`, the files of Kaldi, Whisper's JSON."""

import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from voicemill.manifest.readers.byte_source import Source
from voicemill.manifest.readers.csv_reader import bounded_lines
from voicemill.manifest.readers.manifest_line import Line, Reader, Unreadable

_MOST_JSON_CHARACTERS: Final = 1 << 28
_AUDIO_SUFFIXES: Final = (".wav", ".flac", ".mp3", ".m4a", ".ogg", ".opus", ".mp4", ".mkv", ".webm", ".mov")

Cells = Sequence[Any]


class InvalidLine(Exception):
    """A line is not what its format has; the text says why."""


class DatasetReader:
    """Reads a file whose lines are cells by other rules than those of CSV. Blank lines are skipped and not counted."""

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


class WhisperReader:
    """A transcript as Whisper writes it in JSON; each of its segments is a row."""

    lines_above = 0
    decimal_comma = False
    dialect = "a transcript in Whisper's JSON; each segment is a row"

    def __init__(self, source: Source, *, with_audio: bool) -> None:
        self._stem = Path(source.name).stem
        transcript = _whole_json(source)
        self._segments = transcript.get("segments") if isinstance(transcript, dict) else None
        if not isinstance(self._segments, list):
            raise Unreadable('this is not a transcript in Whisper\'s JSON: it has no list "segments"')
        self._language = str(transcript.get("language") or "")
        self._audio = [_beside(source)] if with_audio else []
        self.columns: tuple[str, ...] = ("id", "text", "language", "start", "end", *(["audio"] if with_audio else []))

    def lines(self) -> Iterator[Line]:
        """The segments in order."""
        for number, segment in enumerate(self._segments or (), start=1):
            if not isinstance(segment, dict) or not isinstance(segment.get("text"), str):
                yield Line(number, 0, (), ("text", "this segment has no text; correct or remove it"))
                continue
            name = f"{self._stem}-{number:04d}"
            times = (segment.get("start"), segment.get("end"))
            yield Line(number, 0, [name, segment["text"], self._language, *times, *self._audio])


def is_whisper(source: Source) -> bool:
    """Whether a `.json` file is one object with segments."""
    if not source.name.lower().endswith(".json"):
        return False
    try:
        transcript = _whole_json(source)
    except Unreadable:
        return False
    return isinstance(transcript, dict) and isinstance(transcript.get("segments"), list)


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
    name = Path(source.name).name
    if name == "segments":
        recordings = dict(_pairs(Path(source.name).with_name("wav.scp")))
        return DatasetReader(source, _KALDI, ("id", "audio", "start", "end"), lambda line: _segment(line, recordings))
    if name == "text":
        return DatasetReader(source, _KALDI, ("id", "transcript"), lambda line: line.split(maxsplit=1))
    texts = dict(_pairs(Path(source.name).with_name("text")))
    return DatasetReader(source, _KALDI, ("id", "audio", "transcript"), lambda line: _recording(line, texts))


_KALDI: Final = "in Kaldi's format"


def _recording(line: str, texts: dict[str, str]) -> Cells:
    row_id, _, path = line.partition(" ")
    if path.rstrip().endswith("|"):
        raise InvalidLine("the recording is the output of a command, which is not run; write it to a file first")
    if not path.strip():
        raise InvalidLine("the line has no path after its id; add it or remove the line")
    return row_id, path.strip(), texts.get(row_id, "")


def _segment(line: str, recordings: dict[str, str]) -> Cells:
    cells = line.split()
    if len(cells) < 4 or cells[1] not in recordings:
        raise InvalidLine("the line needs an id, a recording of wav.scp, a start and an end; correct it")
    _, path, _ = _recording(f"{cells[1]} {recordings[cells[1]]}", {})
    return cells[0], path, *cells[2:4]


def _pairs(path: Path) -> Iterator[tuple[str, str]]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return
    for line in lines:
        first, _, rest = line.strip().partition(" ")
        if first:
            yield first, rest.strip()


def _whole_json(source: Source) -> Any:  # noqa: ANN401 - whatever JSON holds
    with source.open_text() as text:
        content = text.read(_MOST_JSON_CHARACTERS)
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        raise Unreadable("this line is not a JSON object; correct it") from None


def _beside(source: Source) -> str:
    """The recording with the transcript's name, in the same folder; empty where there is none."""
    path = Path(source.name)
    found = (path.with_suffix(suffix) for suffix in _AUDIO_SUFFIXES)
    return next((one.name for one in found if one.is_file()), "")
