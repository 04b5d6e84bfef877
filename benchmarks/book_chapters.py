"""Split a plain-text book into chapters and write a manifest for them.

    python -m benchmarks.book_chapters alice.txt alice/     # alice/manifest.csv and alice/01.txt …

A chapter opens with a line such as `CHAPTER I. Down the Rabbit-Hole`. What comes before the first one (title, author)
belongs to it.
"""

import csv
import re
import sys
from pathlib import Path

_HEADING = re.compile(r"^CHAPTER [IVXLC]+\.\s*(.+?)\s*$", re.MULTILINE)


def chapters(book: str) -> list[tuple[str, str]]:
    """`(title, text)` of each chapter; the texts joined are the book."""
    headings = list(_HEADING.finditer(book))
    starts = [0, *(heading.start() for heading in headings[1:])]
    stops = [*starts[1:], len(book)]
    return [(heading.group(1), book[start:stop]) for heading, start, stop in zip(headings, starts, stops, strict=True)]


def main(book: Path, folder: Path) -> None:
    """Write one text file per chapter, and the manifest."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "manifest.csv").open("w", newline="", encoding="utf-8") as file:
        manifest = csv.writer(file)
        manifest.writerow(("id", "text_file", "voice", "title"))
        for number, (title, text) in enumerate(chapters(book.read_text(encoding="utf-8")), start=1):
            (folder / f"{number:02d}.txt").write_text(text, encoding="utf-8")
            manifest.writerow((f"chapter-{number:02d}", f"{number:02d}.txt", "James", title))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
