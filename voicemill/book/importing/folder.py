"""Write a book folder: the manifest, the texts, and the lists that the user edits."""

import csv
import hashlib
import io
import json
import re
import unicodedata
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

from voicemill.book.importing.accounting import check_sum, counts_of
from voicemill.book.importing.chapters import Chapter
from voicemill.book.importing.covers import as_jpeg
from voicemill.book.importing.import_book import ImportedBook
from voicemill.book.importing.source import place_of
from voicemill.book.importing.texts import ChapterText, chapter_text
from voicemill.errors import BookError
from voicemill.manifest.service_catalog import LANGUAGES
from voicemill.store import durable_files as durable
from voicemill.store.tables.source_map import source_map_bytes
from voicemill.text.speaker_markup import without_speakers

MANIFEST: Final = "chapters.csv"
ABOUT: Final = "book.toml"
CAST: Final = "cast.csv"
PRONUNCIATIONS: Final = "pronunciations.csv"
EXCLUDED: Final = "excluded.csv"
SOURCE_MAP: Final = "source-map.parquet"
COVER: Final = "cover.jpg"
TEXTS: Final = "texts"

_CHAPTER_COLUMNS: Final = (
    "id", "title", "part", "kind", "text_file", "out", "voice", "language", "timestamps", "source",
)  # fmt: skip
CAST_COLUMNS: Final = ("speaker", "voice", "speed", "emotion", "volume")
PRONUNCIATION_COLUMNS: Final = ("text", "say", "ipa", "whole_word", "match_case")
_EXCLUDED_COLUMNS: Final = ("text", "rule", "place")
_LONGEST_SLUG: Final = 40
_UNFINISHED: Final = ".import-unfinished"


def write_book(book: ImportedBook, source: Path, folder: Path, *, force: bool = False) -> list[ChapterText]:
    """Write the folder of an imported book; returns the texts of its chapters.

    A folder that has files is replaced with `force` only, or if an import into it did not end; files that no import
    writes stay. Raises `BookError` where
    what is on the disk does not hold every character of the source, and `StorageError`.
    """
    unfinished = folder / _UNFINISHED
    if not force and folder.exists() and any(folder.iterdir()) and not unfinished.exists():
        raise BookError(
            f"{folder} has files already, and they may be edited; choose another folder, or --force to replace them"
        )
    texts = _texts(book)
    durable.make_folder(folder)
    with durable.storage_errors(unfinished):
        unfinished.touch(durable.FILE_MODE)
    durable.sync_folder(folder)
    (folder / ABOUT).unlink(missing_ok=True)
    durable.make_folders_in(folder, [TEXTS, "source"])
    _remove_old_texts(folder, {text.name for text in texts})
    for text in texts:
        durable.write_file(folder / text.name, text.text.encode())
    durable.write_file(folder / MANIFEST, _table(_CHAPTER_COLUMNS, _chapter_rows(book, texts)))
    durable.write_file(folder / EXCLUDED, _table(_EXCLUDED_COLUMNS, _excluded_rows(book)))
    durable.write_file(folder / CAST, _table(CAST_COLUMNS, [("narrator", "", "", "", "")]))
    durable.write_file(folder / PRONUNCIATIONS, _table(PRONUNCIATION_COLUMNS, []))
    durable.write_file(folder / SOURCE_MAP, source_map_bytes([block for text in texts for block in text.blocks]))
    cover = as_jpeg(book.about.cover)
    if cover:
        durable.write_file(folder / COVER, cover)
    durable.write_file(folder / "source" / source.name, source.read_bytes())
    _check_written(book, texts, folder)
    # One rename ends the import: a folder whose import was killed is either unfinished or has all files.
    durable.write_file(unfinished, _about(book, source, has_cover=bool(cover)).encode())
    durable.commit(unfinished, folder / ABOUT)
    return texts


def _remove_old_texts(folder: Path, names: set[str]) -> None:
    for path in (folder / TEXTS).glob("*.txt"):
        if f"{TEXTS}/{path.name}" not in names:
            path.unlink()


def _texts(book: ImportedBook) -> list[ChapterText]:
    opening, closing = _credits(book)
    digits = max(2, len(str(len(book.chapters))))
    counts: dict[str, int] = {}
    found = [chapter_text_of("opening-credits", f"{TEXTS}/{0:0{digits + 1}d}-opening-credits.txt", opening)]
    for position, chapter in enumerate(book.chapters, start=1):
        counts[chapter.kind] = counts.get(chapter.kind, 0) + 1
        chapter_id = f"{chapter.kind}-{counts[chapter.kind]:0{digits}d}"
        name = f"{TEXTS}/{position:0{digits + 1}d}-{_slug(chapter.title) or chapter_id}.txt"
        found.append(chapter_text(chapter, chapter_id, name))
    last = len(book.chapters) + 1
    found.append(chapter_text_of("closing-credits", f"{TEXTS}/{last:0{digits + 1}d}-closing-credits.txt", closing))
    return found


def chapter_text_of(chapter_id: str, name: str, text: str) -> ChapterText:
    """The text of a row that is not in the source."""
    return ChapterText(chapter_id, name, text, ())


def _credits(book: ImportedBook) -> tuple[str, str]:
    """The words before and after the book. They say that the voice is synthetic, as shops require."""
    title = book.about.title or "Untitled"
    by = f"\n\nBy {book.about.author}.\n" if book.about.author else "\n"
    name = f"{title.rstrip('.')}{'' if title.endswith(('!', '?')) else '.'}"
    opening = f"{name}{by}\nNarrated by a synthetic voice.\n"
    author = f", by {book.about.author}" if book.about.author else ""
    return opening, f"This was {title.rstrip('.')}{author}.\n\nNarrated by a synthetic voice.\n"


def _chapter_rows(book: ImportedBook, texts: Sequence[ChapterText]) -> Iterable[Sequence[str]]:
    language = _language(book.about.language)
    chapters: list[Chapter | None] = [None, *book.chapters, None]
    for chapter, text in zip(chapters, texts, strict=True):
        stem = Path(text.name).stem
        if chapter is None:
            title = text.id.replace("-", " ").capitalize()
            yield text.id, title, "", "credits", text.name, stem, "", language, "true", ""
            continue
        documents = dict.fromkeys(block.document for block in chapter.kept)
        source = "; ".join(documents)
        title = " ".join(chapter.title.split())
        yield text.id, title, chapter.part, chapter.kind, text.name, stem, "", language, "true", source


def _language(given: str) -> str:
    code = given.replace("_", "-").split("-")[0].lower()
    return code if code in LANGUAGES else ""


def _excluded_rows(book: ImportedBook) -> Iterable[Sequence[str]]:
    for block in book.excluded:
        yield block.text, block.rule, place_of(block.document, block.path)
    yield from book.contents_rules


def _table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)
    return text.getvalue().encode()


def _about(book: ImportedBook, source: Path, *, has_cover: bool) -> str:
    """`book.toml`: the tags of the finished audiobook, and what it was imported from."""
    about = book.about
    tags = {
        "title": about.title,
        "author": about.author,
        "narrator": "",
        "language": _language(about.language) or about.language,
        "publisher": about.publisher,
        "identifier": about.identifier,
        "date": about.date,
        "cover": COVER if has_cover else "",
    }
    facts: dict[str, str | int] = {
        "file": f"source/{source.name}",
        "sha256": hashlib.sha256(source.read_bytes()).hexdigest(),
        "characters": book.source_characters,
        "kept_characters": book.kept_characters,
    }
    lines = ["[book]", *map(_toml, tags.items()), "", "[source]", *map(_toml, facts.items()), ""]
    return "\n".join(lines)


def _toml(pair: tuple[str, str | int]) -> str:
    return f"{pair[0]} = {json.dumps(pair[1], ensure_ascii=False)}"


def _slug(title: str) -> str:
    """A title as a part of a file name: ASCII letters and digits in lower case."""
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:_LONGEST_SLUG].strip("-")


def _check_written(book: ImportedBook, texts: Sequence[ChapterText], folder: Path) -> None:
    """Read the files back, and compare their characters with those of the source."""
    kept = [without_speakers((folder / text.name).read_bytes().decode()) for text in texts[1:-1]]
    added = [block.text for chapter in book.chapters for block in chapter.kept if block.is_added]
    with (folder / EXCLUDED).open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    excluded = [row["text"] for row in rows if not _is_beside_the_text(row["rule"])]
    source = counts_of(block.text for chapter in book.chapters for block in chapter.kept)
    source += counts_of(block.text for block in book.excluded if not block.is_added)
    check_sum(source, kept, excluded)
    if source.total() != book.source_characters + counts_of(added).total():
        raise BookError(f"{folder}: the files hold {source.total():,} characters; the import was stopped")


def _is_beside_the_text(rule: str) -> bool:
    """Whether a line of `excluded.csv` repeats an attribute or an entry of the contents, not text of a document."""
    return rule.startswith("contents-entry:") or rule == "image-description"
