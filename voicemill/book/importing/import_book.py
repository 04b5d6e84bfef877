"""Import a book: read it, walk it, divide it into chapters, and account for every character."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import takewhile
from pathlib import Path
from typing import Final

from voicemill.book.importing.accounting import check_kept
from voicemill.book.importing.chapters import Chapter, ContentsRule, chapters_of, with_kinds
from voicemill.book.importing.contents_within import contents_rules
from voicemill.book.importing.heading_lines import is_number_only, without_number
from voicemill.book.importing.notes import note_rules
from voicemill.book.importing.other_formats import read_document
from voicemill.book.importing.package import read_epub
from voicemill.book.importing.source import About, Source
from voicemill.book.importing.title_places import same_words
from voicemill.book.importing.unmarked_headings import mark_headings
from voicemill.book.importing.unspoken_pages import without_unspoken_pages
from voicemill.book.importing.walker import Block, Walked, walk
from voicemill.errors import BookError

_LONGEST_RUNNING_TITLE: Final = 120
_SENTENCE_ENDS: Final = (".", "!", "?", "…", "”", "’", '"', "»")
_HEADINGS_COMPARED: Final = 3
_BLOCKS_WITH_TITLE: Final = 4


@dataclass(frozen=True, slots=True)
class ImportedBook:
    """A book as it will be written: its chapters, and all text that is not spoken, each with its rule."""

    about: About
    chapters: tuple[Chapter, ...]
    excluded: tuple[Block, ...]
    contents_rules: tuple[ContentsRule, ...]
    source_characters: int
    """Characters of the source other than white space."""

    @property
    def kept_characters(self) -> int:
        """Characters of the source that are spoken, without white space."""
        return sum(_size(block.text) for each in self.chapters for block in each.kept if not block.is_added)


def import_book(path: Path, chapters: str = "", depth: int = 0) -> ImportedBook:
    """Read the book at `path`. Raises `BookError`.

    `chapters` selects chapters by number, as in `3-7,9`; empty selects all. `depth` is the level of the table of
    contents whose entries become chapters; 0 chooses it by their length.
    """
    source = read_source(path)
    rules = contents_rules(source.documents) | note_rules(source.documents)
    walked = [walk(document, rules) for document in source.documents]
    if not source.contents:
        mark_headings(walked)
    found, left_out = chapters_of(source, walked, depth)
    found = without_unspoken_pages(found, source.about)
    ready = [_with_title(_without_note_headings(_without_repeats(chapter))) for chapter in found]
    spoken, silent = _spoken(ready)
    left_out += [_silent_entry(each) for each in silent if each.is_listed]
    numbered = with_kinds(spoken)
    selected = _selected(numbered, chapters)
    if not selected:
        raise BookError(f"{path} has no text that could be spoken; check the file in an e-book reader")
    left_out += [
        ContentsRule((each.title, "contents-entry: not selected", "")) for each in numbered if each not in selected
    ]
    excluded = [block for one in walked for block in one.blocks if block.rule]
    excluded += [Block(place, "", text, rule) for text, rule, place in source.ignored]
    book = ImportedBook(source.about, tuple(selected), tuple(excluded), tuple(left_out), _characters(source, walked))
    check_kept(book, source, walked)
    return book


def read_source(path: Path) -> Source:
    """Read a book in whatever format. Raises `BookError`."""
    if (path / "META-INF").is_dir():
        raise BookError(
            f"{path} is the folder of an unpacked EPUB; pack it first, as with: cd {path} && zip -X -r ../book.epub ."
        )
    if not path.is_file():
        raise BookError(f"{path} is not a file; give a book: EPUB, DOCX, Markdown, HTML or TXT")
    return read_epub(path) if path.suffix.lower() in (".epub", ".kepub") else read_document(path)


def _characters(source: Source, walked: Sequence[Walked]) -> int:
    texts = ["".join(document.root.itertext()) for document in source.documents]
    letters = [letter for one in walked for letter in one.letters]
    return sum(_size(text) for text in (*texts, *letters, *(text for text, *_ in source.ignored)))


def _size(text: str) -> int:
    return len("".join(text.split()))


def _without_repeats(chapter: Chapter) -> Chapter:
    """Exclude headings at the start of a chapter that repeat the line before them."""
    before = ""
    for block in chapter.kept[: _HEADINGS_COMPARED + 1]:
        if not block.level and not _is_running_title(block.text):
            break
        words = same_words(block.text)
        if before and words == before:
            block.rule = "repeated-heading"
        elif not block.level:
            break
        before = words
    return chapter


def _without_note_headings(chapter: Chapter) -> Chapter:
    """Exclude headings within a chapter that only notes follow, up to the next heading."""
    first = next(iter(chapter.kept), None)
    heading: Block | None = None
    following = set[str]()
    for block in [*chapter.blocks, Block("", "", "", level=1)]:
        if not block.level or block.rule:
            following.add(block.rule)
            continue
        if heading is not None and "note" in following and "" not in following:
            heading.rule = "note"
        heading, following = block if block is not first else None, set()
    return chapter


def _is_running_title(text: str) -> bool:
    """Whether a line may repeat a heading; a sentence or a quotation of the same words does not."""
    return len(text) < _LONGEST_RUNNING_TITLE and not text.rstrip().endswith(_SENTENCE_ENDS)


def _with_title(chapter: Chapter) -> Chapter:
    """The chapter with its title as its first words, where its text does not begin with one."""
    first = chapter.kept[:_BLOCKS_WITH_TITLE]
    title = same_words(chapter.title)
    if not chapter.is_listed or not title or not first or first[0].level:
        return chapter
    if any(block.level and same_words(block.text) == title for block in chapter.kept):
        return chapter
    if _says_title([block.text for block in first], chapter.title):
        return chapter
    added = Block(first[0].document, "", chapter.title, level=2, is_added=True)
    return replace(chapter, blocks=[added, *chapter.blocks])


def _says_title(first: Sequence[str], title: str) -> bool:
    """Whether the first blocks of a chapter say its title, perhaps with another number: `1`, `The Boat`."""
    words, bare = same_words(title), same_words(without_number(title))
    if same_words("".join(first)).startswith(words) or words in same_words(first[0][: 2 * len(title) + 40]):
        return True
    if not bare:
        return is_number_only(first[0])
    lines = [same_words(text) for text in takewhile(_is_running_title, first)]
    spans = (lines[start:stop] for start in range(len(lines)) for stop in range(start + 1, len(lines) + 1))
    return any("".join(span) == bare for span in spans)


def _spoken(chapters: list[Chapter]) -> tuple[list[Chapter], list[Chapter]]:
    """The chapters with something to speak, and those without; what those hold is excluded."""
    spoken: list[Chapter] = []
    silent: list[Chapter] = []
    for chapter in chapters:
        if rule := _silent_rule(chapter):
            for block in chapter.kept:
                block.rule = rule
            silent.append(chapter)
        else:
            spoken.append(chapter)
    return spoken, silent


def _silent_rule(chapter: Chapter) -> str:
    kept = [block for block in chapter.kept if not block.is_added]
    if not any(one.isalnum() for block in kept for one in block.text):
        return "no-text"
    others = [
        block.rule for block in chapter.blocks if block.rule in ("note", "bibliography", "index", "table-of-contents")
    ]
    return others[0] if others and all(block.level for block in kept) else ""


def _silent_entry(chapter: Chapter) -> ContentsRule:
    rules = {block.rule for block in chapter.blocks} - {"no-text", "invisible-characters", "head", ""}
    why = "excluded" if rules else "no text"
    return ContentsRule((chapter.title, f"contents-entry: {why}", chapter.blocks[0].document if chapter.blocks else ""))


def _selected(chapters: list[Chapter], numbers: str) -> list[Chapter]:
    if not numbers.strip():
        return chapters
    wanted = _numbers(numbers, len(chapters))
    for chapter in chapters:
        if chapter.number not in wanted:
            for block in chapter.kept:
                block.rule = "not-selected"
    return [chapter for chapter in chapters if chapter.number in wanted]


def _numbers(text: str, last: int) -> set[int]:
    """The numbers of a list such as `3-7,9`. Raises `BookError`."""
    found: set[int] = set()
    for part in text.split(","):
        first, dash, end = (each.strip() for each in part.partition("-"))
        try:
            start = int(first) if first else 1
            stop = (int(end) if end else last) if dash else start
        except ValueError:
            raise BookError(f"--chapters {text!r} is not a list of numbers; write it as 3-7,9") from None
        if not 1 <= start <= stop <= last:
            raise BookError(f"--chapters {text!r}: the book has the chapters 1 to {last}")
        found |= set(range(start, stop + 1))
    return found
