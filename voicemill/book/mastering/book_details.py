"""What is known about a book: title, author, narrator, cover and more; from options, or from the book's folder."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Final

from voicemill.book.mastering.media_file import Cover, read_cover
from voicemill.errors import ConfigError
from voicemill.store.results_folder import ResultsFolder, read_json

_LARGEST_COVER_BYTES: Final = 50_000_000
_COVER_NAMES: Final = ("cover.jpg", "cover.jpeg", "cover.png")
_NAMES: Final = {"authors": "author", "narrators": "narrator", "date": "year"}
"""Other names of details in `book.toml`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BookDetails:
    """The details of a book. Empty texts are unknown."""

    title: str
    author: str = ""
    narrator: str = ""
    language: str = ""
    publisher: str = ""
    isbn: str = ""
    year: str = ""
    description: str = ""
    cover: Cover | None = None

    @property
    def isbn_digits(self) -> str:
        """The ISBN without spaces and hyphens."""
        return self.isbn.replace("-", "").replace(" ", "")


TEXT_FIELDS: Final = tuple(field.name for field in fields(BookDetails) if field.name != "cover")


def details_of(results: ResultsFolder, given: Mapping[str, str | None], cover: Path | None) -> BookDetails:
    """The details in the folder of the manifest, overridden by `given`.

    Raises `ConfigError` if the title is missing, or if a file cannot be read.
    """
    folder = book_folder(results)
    known = _from_file(folder / "book.toml") if folder else {}
    texts = known | {name: value for name, value in given.items() if value is not None}
    if not texts.get("title"):
        raise ConfigError("the book has no title; give --title, or set title in book.toml")
    return BookDetails(**texts, cover=_cover(cover or _cover_in(folder)))


def book_folder(results: ResultsFolder) -> Path | None:
    """The folder of the book that was run: it holds the manifest and `book.toml`."""
    run = read_json(results.run_file) or {}
    manifest = Path(str(run.get("summary", {}).get("manifest") or ""))
    folder = manifest if manifest.is_dir() else manifest.parent
    return folder if manifest.name and (folder / "book.toml").is_file() else None


def _from_file(path: Path) -> dict[str, str]:
    try:
        content: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ConfigError(f"cannot read {path}: {error}") from error
    table = content.get("book", content)
    if not isinstance(table, dict):
        raise ConfigError(f"{path}: book must be a table with title, author and more")
    found = {_NAMES.get(name, name): _text(value) for name, value in table.items()}
    found.setdefault("isbn", _isbn(str(table.get("identifier", ""))))
    return {name: value for name, value in found.items() if name in TEXT_FIELDS and value}


def _isbn(identifier: str) -> str:
    """The ISBN in an identifier such as `urn:isbn:978…`; empty for any other identifier."""
    digits = identifier.casefold().removeprefix("urn:isbn:").replace("-", "").replace(" ", "")
    return digits if re.fullmatch(r"\d{13}|\d{9}[\dx]", digits) else ""


def _text(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else " ".join(str(value).split())


def _cover_in(folder: Path | None) -> Path | None:
    if folder is None:
        return None
    return next((folder / name for name in _COVER_NAMES if (folder / name).is_file()), None)


def _cover(path: Path | None) -> Cover | None:
    if path is None:
        return None
    try:
        if path.stat().st_size > _LARGEST_COVER_BYTES:
            raise ConfigError(f"the cover {path} is larger than 50 MB; choose a smaller one with --cover")
        content = path.read_bytes()
    except OSError as error:
        raise ConfigError(f"cannot read the cover {path}: {error.strerror}") from error
    return read_cover(content, str(path))
