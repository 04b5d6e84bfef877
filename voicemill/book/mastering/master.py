"""Master a finished run: deliver the files that shops and players accept, with their measured values."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Final

from voicemill.book.mastering.archive import deliver_archive
from voicemill.book.mastering.book_details import details_of
from voicemill.book.mastering.book_files import Book, audio_files, google_id
from voicemill.book.mastering.chapters import flagged, read_chapters
from voicemill.book.mastering.delivery import DeliveredFile, Delivery
from voicemill.book.mastering.delivery_table import delivery_table
from voicemill.book.mastering.expected_size import check_disk_space
from voicemill.book.mastering.lpf import deliver_lpf
from voicemill.book.mastering.read_along import deliver_read_along, refuse_untimed
from voicemill.book.mastering.shops import SHOPS
from voicemill.book.mastering.tracks import master_chapters
from voicemill.errors import ConfigError
from voicemill.store.results_folder import ResultsFolder, folder_of_run

DELIVERIES: Final = tuple(SHOPS)
"""The kinds of delivery, in the order in which they are made."""
TABLE: Final = "delivery.csv"


@dataclass(frozen=True, slots=True)
class Mastered:
    """What was delivered: the folder, and the files by kind of delivery.

    `failures` are the limits that files exceed, `warnings` the rows with quality flags, and `narration_rules` the rules
    of the shops on synthesized narration.
    """

    folder: str
    files: dict[str, list[DeliveredFile]]
    failures: list[str]
    warnings: list[str]
    narration_rules: dict[str, str]


def master(
    results: str | PathLike[str],
    deliveries: str | Sequence[str],
    output_dir: str | PathLike[str] | None = None,
    *,
    title: str | None = None,
    author: str | None = None,
    narrator: str | None = None,
    language: str | None = None,
    publisher: str | None = None,
    isbn: str | None = None,
    year: str | None = None,
    description: str | None = None,
    cover: str | PathLike[str] | None = None,
    sample: str | None = None,
    report: Callable[[str], None] | None = None,
) -> Mastered:
    """Master the speech of a finished run into audiobook files; makes no call.

    Every file is measured after it is decoded again. A second call makes the same bytes, and only what is missing.

    Args:
        results: The results folder of a run whose rows are chapters, in order.
        deliveries: Any of acx, google, apple, m4b, mp3, read-along and archive, such as `"acx,m4b"`.
        output_dir: Where the files go. Default: `book/` in the results folder.
        title, author, narrator, language, publisher, isbn, year, description: Details of the book. Default: those in
            the `book.toml` beside the manifest.
        cover: A JPEG or PNG picture. Default: `cover.jpg` or `cover.png` in the book's folder.
        sample: The id of the row for the retail sample. Default: the first chapter.
        report: Called with the name of each file when it is delivered.

    Raises:
        ConfigError: A row is unfinished, a detail is missing, or an option is invalid.
        ResultsLockedError: A run uses the folder.
        StorageError: The disk is full, or a file could not be written.
        OutputRefused: A file that voicemill did not write has the name of a delivered file.
    """
    folder = folder_of_run(results)
    names = _names(deliveries)
    given = {
        "title": title,
        "author": author,
        "narrator": narrator,
        "language": language,
        "publisher": publisher,
        "isbn": isbn,
        "year": year,
        "description": description,
    }
    with folder.locked():
        target = Path(output_dir) if output_dir is not None else folder.path / "book"
        return _mastered(folder, names, target, _in_one_line(given), Path(cover) if cover else None, sample, report)


def _mastered(
    results: ResultsFolder,
    names: Sequence[str],
    target: Path,
    given: Mapping[str, str | None],
    cover: Path | None,
    sample: str | None,
    report: Callable[[str], None] | None,
) -> Mastered:
    say = report or _silent
    details = details_of(results, given, cover)
    if "google" in names:
        google_id(details)
    chapters = read_chapters(results)
    if sample is not None and sample not in {chapter.id for chapter in chapters}:
        raise ConfigError(f"unknown row {sample!r}; give the id of a row with --sample")
    if "read-along" in names:
        refuse_untimed(chapters)
    check_disk_space(chapters, names, target)
    book = Book(details, tuple(master_chapters(chapters, results, say)), sample)
    maker = _Maker(book, results, target, say)
    files = {name: maker.deliver(name) for name in names}
    for name, delivered in files.items():
        maker.delivery.remove_superseded(name, {file.name for file in delivered})
    table, failures = delivery_table(book, files)
    maker.delivery.finish(TABLE, table)
    rules = {name: SHOPS[name].narration for name in names}
    return Mastered(str(target), files, failures, flagged(chapters), rules)


class _Maker:
    """Makes the deliveries of one book, one kind at a time."""

    def __init__(self, book: Book, results: ResultsFolder, target: Path, report: Callable[[str], None]) -> None:
        self._book = book
        self._results = results
        self._report = report
        self.delivery = Delivery(results, target, report, "mastered")
        self.delivery.remove_partials()

    def deliver(self, name: str) -> list[DeliveredFile]:
        """All files of one kind of delivery."""
        if name == "archive":
            return [*deliver_archive(self._book, self._results, self.delivery)]
        if name == "read-along":
            parts = Delivery(self._results, self._results.notes / "read-along", _silent, "read-along")
            parts.remove_partials()
            return [*deliver_read_along(self._book, self._results, self.delivery, parts, self._report)]
        files = [self.delivery.deliver_audio(audio) for audio in audio_files(self._book, name)]
        return [*files, deliver_lpf(self._book, files, self.delivery)] if name == "google" else files


def _names(deliveries: str | Sequence[str]) -> tuple[str, ...]:
    given = deliveries.split(",") if isinstance(deliveries, str) else deliveries
    names = {name.strip().casefold() for name in given if name.strip()}
    unknown = sorted(names.difference(DELIVERIES))
    if unknown or not names:
        raise ConfigError(f"unknown delivery {', '.join(unknown) or 'nothing'}; use {', '.join(DELIVERIES)}")
    return tuple(name for name in DELIVERIES if name in names)


def _in_one_line(details: Mapping[str, str | None]) -> dict[str, str | None]:
    return {name: None if value is None else " ".join(value.split()) for name, value in details.items()}


def _silent(_name: str) -> None:
    """The default for `report`."""
