"""The files of text that a row can ask for, and where they go."""

from pathlib import PurePosixPath
from typing import Final

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
