"""What an import of a book gives: titles, texts and exclusions, as tests compare them."""

from pathlib import Path
from typing import NamedTuple

from voicemill.book.importing.import_book import ImportedBook, import_book
from voicemill.book.importing.texts import chapter_text


class ReadBack(NamedTuple):
    """An imported book: the titles and texts of its chapters, and what each rule excludes."""

    book: ImportedBook
    titles: list[str]
    texts: list[str]
    excluded: dict[str, list[str]]
    contents: dict[str, str]


def imported(path: Path, chapters: str = "", depth: int = 0) -> ReadBack:
    """Import a book, which also verifies that each character of it is accounted for."""
    book = import_book(path, chapters, depth)
    excluded: dict[str, list[str]] = {}
    for block in book.excluded:
        excluded.setdefault(block.rule, []).append(block.text)
    texts = [chapter_text(chapter, "id", "name").text for chapter in book.chapters]
    contents = {title: rule for title, rule, _ in book.contents_rules}
    return ReadBack(book, [chapter.title for chapter in book.chapters], texts, excluded, contents)
