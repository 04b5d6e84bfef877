"""The files of a book folder that commands read and change: its texts, its cast and its pronunciations."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from voicemill.errors import ConfigError
from voicemill.manifest.sources.source_kinds import BOOK_MANIFEST, is_book_folder
from voicemill.manifest.speech_files import read_cast, read_pronunciations
from voicemill.store import durable_files as durable

SUGGESTED_SPEAKERS: Final = "suggested-speakers.csv"
_CAST: Final = "cast.csv"
_PRONUNCIATIONS: Final = "pronunciations.csv"


class BookText(NamedTuple):
    """A chapter of a book folder: its id, its language, the path of its text, and the text."""

    id: str
    language: str
    path: Path
    text: str


def book_texts(folder: Path) -> list[BookText]:
    """The texts of a book folder, without the credits. Raises `ConfigError`."""
    if not is_book_folder(folder):
        raise ConfigError(f"{folder} is not a book folder; make one with `voicemill book import`")
    try:
        with (folder / BOOK_MANIFEST).open(encoding="utf-8-sig", newline="") as file:
            rows = [row for row in csv.DictReader(file) if row.get("kind") != "credits" and row.get("text_file")]
        return [*_texts(folder, rows)]
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{folder} cannot be read ({error}); check its texts with `voicemill validate`") from None


def _texts(folder: Path, rows: Iterable[dict[str, str]]) -> Iterator[BookText]:
    for row in rows:
        path = folder / row["text_file"]
        if not path.resolve().is_relative_to(folder.resolve()):
            raise ConfigError(f"{row['text_file']} is outside the book folder; move it there")
        yield BookText(row.get("id", ""), row.get("language") or "en", path, path.read_text(encoding="utf-8"))


def add_to_cast(folder: Path, speakers: Iterable[str]) -> list[str]:
    """Add lines for speakers that the cast does not have; returns their names."""
    path = folder / _CAST
    known = read_cast(path) if path.is_file() else {}
    new = [name for name in dict.fromkeys(speakers) if name.casefold() not in known]
    _append(path, ("speaker", "voice", "speed", "emotion", "volume"), [(name, "", "", "", "") for name in new])
    return new


def add_to_pronunciations(folder: Path, words: Iterable[str]) -> list[str]:
    """Add lines to fill in for words that have none; returns the words."""
    path = folder / _PRONUNCIATIONS
    known: set[str] = set()
    if path.is_file():
        read_pronunciations(path)  # raises for a file with problems, which would get worse
        with path.open(encoding="utf-8-sig", newline="") as file:
            known = {(row.get("text") or "").strip().casefold() for row in csv.DictReader(file)}
    new = [word for word in words if word.casefold() not in known]
    _append(path, ("text", "say", "ipa", "whole_word", "match_case"), [(word, "", "", "yes", "no") for word in new])
    return new


def _append(path: Path, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Add rows at the end of a CSV file, in the order of the columns that the file has."""
    before = path.read_text(encoding="utf-8-sig") if path.is_file() else ""
    if not rows:
        return
    names = next(csv.reader(io.StringIO(before)), None) or list(columns)
    text = io.StringIO()
    writer = csv.DictWriter(text, names, lineterminator="\n", extrasaction="ignore")
    if not before:
        writer.writeheader()
    for row in rows:
        writer.writerow(dict(zip(columns, row, strict=True)))
    gap = "" if not before or before.endswith("\n") else "\n"
    durable.write_file(path, f"{before}{gap}{text.getvalue()}".encode())


def write_suggestions(folder: Path, rows: Iterable[Sequence[object]]) -> Path:
    """Write the suggested speakers; returns the path."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("chapter", "quote", "speaker", "confidence", "evidence"))
    writer.writerows(rows)
    path = folder / SUGGESTED_SPEAKERS
    durable.write_file(path, text.getvalue().encode())
    return path
