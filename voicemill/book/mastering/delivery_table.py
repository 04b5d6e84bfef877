"""The table `delivery.csv`: each measured value of each delivered file beside the limit of its shop."""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Final

from voicemill.book.mastering.book_files import Book
from voicemill.book.mastering.delivery import DeliveredFile
from voicemill.book.mastering.shops import SHOPS, Limit
from voicemill.model.csv_injection import guarded

COLUMNS: Final = ("delivery", "file", "value", "measured", "at_least", "at_most", "verdict", "source")
_ACX: Final = SHOPS["acx"].narration_source
_GOOGLE: Final = "https://support.google.com/books/partner/answer/3424254"
_REMEDIES: Final = {
    "opening_credits": "the first row of the manifest must have the kind credits",
    "closing_credits": "the last row of the manifest must have the kind credits",
    "author_named": "no author is named; give --author, or set author in book.toml",
    "narrator_named": "no narrator is named; give --narrator, or set narrator in book.toml",
    "cover_pixels": "the cover must be 1024 to 7200 pixels wide and high; give --cover",
}
"""The message for an exceeded limit of the whole book, instead of its number."""

Line = tuple[str, str, str, object, object, object, str, str]


def delivery_table(book: Book, delivered: Mapping[str, Sequence[DeliveredFile]]) -> tuple[bytes, list[str]]:
    """The table as CSV, and one sentence for each exceeded limit."""
    lines = [line for name, files in delivered.items() for line in _lines(name, files, book)]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(map(guarded, line) for line in lines)
    return text.getvalue().encode(), [_sentence(line) for line in lines if line[6] == "fail"]


def _lines(name: str, files: Sequence[DeliveredFile], book: Book) -> Iterator[Line]:
    shop = SHOPS[name]
    for file in files:
        yield from _file_lines(name, file)
    for file_limit, measured in _book_limits(name, files, book):
        yield _line(name, "", file_limit.value, measured, file_limit)
    yield (name, "", "synthesized_narration", shop.narration, None, None, "", shop.narration_source)


def _file_lines(name: str, file: DeliveredFile) -> Iterator[Line]:
    if file.measured is None:
        yield (name, file.name, "size_bytes", file.size_bytes, None, None, "", "")
        return
    limits = {limit.value: limit for limit in file.limits}
    for value, measured in asdict(file.measured).items():
        number = int(measured) if isinstance(measured, bool) else measured
        yield _line(name, file.name, value, number, limits.get(value))
    yield (name, file.name, "encodes", file.encodes, None, None, "", "")


def _line(name: str, file: str, value: str, measured: object, limit: Limit | None) -> Line:
    if limit is None:
        return (name, file, value, measured, None, None, "", "")
    assert isinstance(measured, int | float)
    verdict = "pass" if limit.allows(measured) else "fail"
    return (name, file, value, measured, limit.at_least, limit.at_most, verdict, limit.source)


def _book_limits(name: str, files: Sequence[DeliveredFile], book: Book) -> Iterator[tuple[Limit, float]]:
    """The limits for the book as a whole."""
    cover = book.details.cover
    if name == "acx":
        kinds = [one.chapter.kind for one in book.chapters]
        yield Limit("opening_credits", 1, 1, _ACX), int(kinds[0] == "credits")
        yield Limit("closing_credits", 1, 1, _ACX), int(kinds[-1] == "credits" and len(kinds) > 1)
        yield Limit("author_named", 1, 1, _ACX), int(bool(book.details.author))
        yield Limit("narrator_named", 1, 1, _ACX), int(bool(book.details.narrator))
    if name == "google":
        yield Limit("book_duration_s", 300, 360_000, _GOOGLE), sum(f.measured.duration_s for f in files if f.measured)
        yield Limit("cover_pixels", 1024, 7200, _GOOGLE), min(cover.width, cover.height) if cover else 0


def _sentence(line: Line) -> str:
    name, file, value, measured, at_least, at_most, _, _ = line
    if value in _REMEDIES:
        return f"{name}: {_REMEDIES[value]}"
    bounds = [f"at least {at_least:g}"] if isinstance(at_least, int | float) else []
    bounds += [f"at most {at_most:g}"] if isinstance(at_most, int | float) and at_most != at_least else []
    return f"{file or name}: {value} is {measured}, but must be {' and '.join(bounds)}"
