"""Books as they are published: every character and every contents entry is accounted for."""

import csv
from collections import Counter
from pathlib import Path

import pytest

from voicemill.book.importing.folder import write_book
from voicemill.book.importing.import_book import import_book, read_source
from voicemill.book.importing.source import Entry

_BOOKS = sorted((Path(__file__).parents[3] / "shared" / "books" / "epub").glob("*.epub"))


def _titles(entries: "tuple[Entry, ...] | list[Entry]") -> Counter[str]:
    found: Counter[str] = Counter()
    for entry in entries:
        found[entry.title] += bool(entry.title)
        found += _titles(entry.children)
    return found


@pytest.mark.skipif(not _BOOKS, reason="the shared books are not here")
@pytest.mark.parametrize("book", _BOOKS, ids=lambda path: path.stem)
def test_published_books_are_accounted_for(book: Path, tmp_path: Path) -> None:
    """Each contents entry is a chapter or in `excluded.csv`, and the texts are those of the source."""
    imported = import_book(book)
    write_book(imported, book, tmp_path / "book")
    with (tmp_path / "book" / "excluded.csv").open(encoding="utf-8", newline="") as file:
        excluded = list(csv.DictReader(file))
    with (tmp_path / "book" / "chapters.csv").open(encoding="utf-8", newline="") as file:
        chapters = list(csv.DictReader(file))
    listed = Counter(row["title"] for row in chapters) + Counter(row["text"] for row in excluded)
    assert _titles(read_source(book).contents) - listed == Counter()
    assert {row["kind"] for row in chapters} <= {"credits", "front", "chapter", "back"}
    assert all((tmp_path / "book" / row["text_file"]).read_text(encoding="utf-8").strip() for row in chapters)
    assert imported.kept_characters > 0.5 * imported.source_characters
