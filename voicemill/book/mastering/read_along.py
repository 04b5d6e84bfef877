"""The read-along EPUB 3: the text of a book with its audio, sentence by sentence."""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from typing import BinaryIO, Final

from voicemill.book.mastering.book_files import Book, file_name
from voicemill.book.mastering.chapters import Chapter
from voicemill.book.mastering.delivery import AudioFile, DeliveredFile, Delivery
from voicemill.book.mastering.media_file import M4A
from voicemill.book.mastering.read_along_pages import (
    CONTAINER,
    STYLE,
    Page,
    chapter_page,
    contents,
    overlay,
    package,
)
from voicemill.book.mastering.read_along_text import read_along_text
from voicemill.book.mastering.shops import SHOPS
from voicemill.book.mastering.zip_package import ZipPackage, zip_package
from voicemill.errors import ConfigError
from voicemill.store.results_folder import ResultsFolder
from voicemill.store.tables.timings_tables import read_timings

_VERSION: Final = "read-along 1"
_SHOWN: Final = 10


def deliver_read_along(
    book: Book, results: ResultsFolder, delivery: Delivery, parts: Delivery, report: Callable[[str], None]
) -> Iterator[DeliveredFile]:
    """The EPUB, then the measured audio inside it. `parts` keeps the audio until the EPUB is complete."""
    pages = [*_pages(book, results)]
    name = f"read-along/{file_name(book.details.title)}.epub"
    texts = _texts(book, pages)
    audio = [*_audio_files(book, pages)]
    fingerprint = _fingerprint(book, texts, audio)
    matched, sentences = sum(page.text.matched for page in pages), sum(page.text.sentences for page in pages)
    if matched < sentences:
        report(f"{sentences - matched} of {sentences} sentences were not found in the text; they are not highlighted")
    epub = delivery.known(name, fingerprint)
    measured = [parts.recorded(one) for one in audio] if epub else [parts.deliver_audio(one) for one in audio]
    yield epub or delivery.deliver_written(name, fingerprint, lambda target: _write(target, book, texts, audio, parts))
    for one in audio:
        (parts.folder / one.name).unlink(missing_ok=True)
    yield from (one.inside(name, "EPUB/audio/") for one in measured)


def refuse_untimed(chapters: Sequence[Chapter]) -> None:
    """Raise `ConfigError` if a row has no word timestamps."""
    untimed = [chapter.id for chapter in chapters if not chapter.has_words]
    if untimed:
        shown = ", ".join(map(repr, untimed[:_SHOWN])) + (" …" if len(untimed) > _SHOWN else "")
        raise ConfigError(
            f"a read-along book needs word timestamps, and {len(untimed)} rows have none: {shown}; "
            "rerun the manifest with --timestamps"
        )


def _pages(book: Book, results: ResultsFolder) -> Iterator[Page]:
    chapters = {one.chapter.id: one for one in book.chapters}
    texts = {
        row_id: read_along_text(chapters[row_id].chapter.text, segments, chapters[row_id].whole)
        for row_id, segments in read_timings(results.segments)
        if row_id in chapters
    }
    for number, one in enumerate(book.chapters, 1):
        chapter = one.chapter
        yield Page(f"c{number:04}", chapter.title, chapter.kind, chapter.language, texts[chapter.id])


def _texts(book: Book, pages: Sequence[Page]) -> dict[str, str]:
    """All documents by name, in the order of the package."""
    newest = max(one.chapter.made_at for one in book.chapters)
    texts = {
        "META-INF/container.xml": CONTAINER,
        "EPUB/package.opf": package(book.details, pages, book.language(), newest),
        "EPUB/contents.xhtml": contents(book.details, pages, book.language()),
        "EPUB/style.css": STYLE,
    }
    for page in pages:
        texts[f"EPUB/{page.name}.xhtml"] = chapter_page(page)
        texts[f"EPUB/{page.name}.smil"] = overlay(page, f"audio/{page.name}.m4a")
    return texts


def _audio_files(book: Book, pages: Sequence[Page]) -> Iterator[AudioFile]:
    for page, one in zip(pages, book.chapters, strict=True):
        name, tags = f"{page.name}.m4a", {"title": page.title, "album": book.details.title}
        yield AudioFile(name, M4A, (one.whole,), (one.chapter.sha256,), SHOPS["read-along"].limits, tags)


def _fingerprint(book: Book, texts: dict[str, str], audio: Sequence[AudioFile]) -> str:
    cover = hashlib.sha256(book.details.cover.content).hexdigest() if book.details.cover else ""
    facts = [_VERSION, cover, *texts.values(), *(one.fingerprint for one in audio)]
    return hashlib.sha256("\0".join(facts).encode()).hexdigest()


def _write(target: BinaryIO, book: Book, texts: dict[str, str], audio: Sequence[AudioFile], parts: Delivery) -> None:
    with zip_package(target) as epub:
        epub.add_stored("mimetype", b"application/epub+zip")
        for name, text in texts.items():
            epub.add_text(name, text)
        if book.details.cover:
            epub.add_stored(f"EPUB/cover{book.details.cover.extension}", book.details.cover.content)
        _add_audio(epub, audio, parts)


def _add_audio(epub: ZipPackage, audio: Sequence[AudioFile], parts: Delivery) -> None:
    for one in audio:
        with (parts.folder / one.name).open("rb") as source:
            epub.add_file(f"EPUB/audio/{one.name}", source)
