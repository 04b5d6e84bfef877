"""Words, segments and transcripts, and the text files that a row can ask for."""

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
    """A sentence, or what stands between two pauses.

    Its words are as the text has them: with the punctuation around them and the space before them, as Whisper's are.
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
"""The files that a transcript can be written as: Whisper's."""
UNTIMED_FORMATS: Final = frozenset({"txt"})
LAID_OUT_FORMATS: Final = frozenset({"srt", "vtt"})
"""Those whose bytes depend on the rules for subtitles."""
_EXTENSIONS: Final = {"audacity": ".audacity.txt"}


def text_name(file_name: str, format: str) -> str:
    """Where a row's text goes, whose first file is `file_name`: the same place in the folder of texts."""
    path = PurePosixPath(TEXT_FOLDER, *PurePosixPath(file_name).parts[1:])
    return str(path.with_suffix(_EXTENSIONS.get(format, f".{format}")))
