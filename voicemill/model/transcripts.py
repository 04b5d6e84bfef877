"""Words, segments and transcripts, and the names of text files."""

from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Final, NamedTuple


class Word(NamedTuple):
    """A word with its start and end, in seconds from the start of its recording."""

    word: str
    start_s: float
    end_s: float


@dataclass(frozen=True, slots=True)
class Segment:
    """A sentence, or the words between two pauses.

    As in Whisper's output, its words include the punctuation around them and the space before them.
    """

    start_s: float
    end_s: float
    text: str
    words: tuple[Word, ...] = ()


@dataclass(frozen=True, slots=True)
class Transcript:
    """A transcript: its text, its words as the service returned them, and its segments."""

    text: str
    language: str
    duration_s: float
    words: tuple[Word, ...]
    segments: tuple[Segment, ...]


TEXT_FOLDER: Final = "text"
TEXT_FORMATS: Final = ("txt", "json", "srt", "vtt", "tsv")
"""The formats of transcript files, which are those of Whisper."""
UNTIMED_FORMATS: Final = frozenset({"txt"})
LAID_OUT_FORMATS: Final = frozenset({"srt", "vtt"})
"""Formats that depend on the subtitle settings."""
_EXTENSIONS: Final = {"audacity": ".audacity.txt"}


def text_name(file_name: str, format: str) -> str:
    """The path of a row's text file, which mirrors the path of its first file in the folder of texts."""
    path = PurePosixPath(TEXT_FOLDER, *PurePosixPath(file_name).parts[1:])
    return str(path.with_suffix(_EXTENSIONS.get(format, f".{format}")))
