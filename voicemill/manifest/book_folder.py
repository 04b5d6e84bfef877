"""A book folder as a manifest: its chapters, its cast and its pronunciations."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final, NamedTuple

from voicemill.config import Inputs, RowDefaults
from voicemill.manifest.readers.dataframe import ManifestBytes
from voicemill.manifest.sources.source_kinds import BOOK_MANIFEST, is_book_folder
from voicemill.manifest.speech_files import NARRATOR, CastMember

CAST: Final = "cast.csv"
PRONUNCIATIONS: Final = "pronunciations.csv"
ALLOWED_WORDS: Final = "allowed-words.txt"


class ManifestFiles(NamedTuple):
    """A manifest, and the files that say how its texts are spoken; None for a missing file."""

    manifest: str | Path | ManifestBytes
    cast: Path | None
    pronunciations: Path | None
    allowed_words: Path | None


def with_book(given: str | Path | ManifestBytes, inputs: Inputs) -> ManifestFiles:
    """The files of a manifest: those of a book folder, unless the settings name others."""
    cast = Path(inputs.cast) if inputs.cast else None
    pronunciations = Path(inputs.pronunciations) if inputs.pronunciations else None
    allowed = Path(inputs.allowed_words) if inputs.allowed_words else None
    if isinstance(given, ManifestBytes) or not is_book_folder(Path(given)):
        return ManifestFiles(given, cast, pronunciations, allowed)
    folder = Path(given)
    return ManifestFiles(
        str(folder / BOOK_MANIFEST),
        cast or _if_there(folder / CAST),
        pronunciations or _if_there(folder / PRONUNCIATIONS),
        allowed or _if_there(folder / ALLOWED_WORDS),
    )


def with_narrator(defaults: RowDefaults, cast: Mapping[str, CastMember] | None) -> RowDefaults:
    """The defaults of rows. The narrator's line of the cast fills in defaults that the settings leave empty."""
    narrator = (cast or {}).get(NARRATOR)
    if narrator is None:
        return defaults
    said = {"voice": narrator.voice, "speed": narrator.speed, "emotion": narrator.emotion}
    return defaults.model_copy(update={name: text for name, text in said.items() if not getattr(defaults, name)})


def _if_there(path: Path) -> Path | None:
    return path if path.is_file() else None
