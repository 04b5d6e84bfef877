"""The LPF package for Google Play: MP3s with `publication.json` and `toc.html`, a W3C audiobook."""

import hashlib
import json
from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Any, BinaryIO, Final

from voicemill.book.mastering.book_files import Book, google_id
from voicemill.book.mastering.delivery import DeliveredFile, Delivery
from voicemill.book.mastering.tracks import tracks_of
from voicemill.book.mastering.zip_package import zip_package

_CONTEXT: Final = ["https://schema.org", "https://www.w3.org/ns/pub-context"]
_VERSION: Final = "lpf 1"


def deliver_lpf(book: Book, files: Sequence[DeliveredFile], delivery: Delivery) -> DeliveredFile:
    """Package the delivered MP3s of Google Play. Raises `OutputRefused` and `StorageError`."""
    titles = [track.title for track in tracks_of(book.chapters)]
    manifest = json.dumps(_publication(book, files, titles), indent=2, ensure_ascii=False)
    contents = _table_of_contents(book, files, titles)

    def write(target: BinaryIO) -> None:
        with zip_package(target) as package:
            package.add_text("publication.json", manifest)
            package.add_text("toc.html", contents)
            if book.details.cover:
                package.add_stored(f"cover{book.details.cover.extension}", book.details.cover.content)
            for file in files:
                with (delivery.folder / file.name).open("rb") as source:
                    package.add_file(Path(file.name).name, source)

    facts = "\n".join([_VERSION, manifest, contents, *(file.sha256 for file in files)])
    fingerprint = hashlib.sha256(facts.encode()).hexdigest()
    return delivery.deliver_written(f"google/{google_id(book.details)}.lpf", fingerprint, write)


def _publication(book: Book, files: Sequence[DeliveredFile], titles: Sequence[str]) -> dict[str, Any]:
    details = book.details
    facts = {
        "@context": _CONTEXT,
        "conformsTo": "https://www.w3.org/TR/audiobooks/",
        "type": "Audiobook",
        "id": f"urn:isbn:{details.isbn_digits}",
        "name": details.title,
        "author": details.author,
        "readBy": details.narrator,
        "publisher": details.publisher,
        "description": details.description,
        "datePublished": details.year,
        "inLanguage": book.language(),
        "duration": _iso_duration(sum(_duration_s(file) for file in files)),
    }
    resources = [{"type": "LinkedResource", "url": "toc.html", "encodingFormat": "text/html", "rel": "contents"}]
    if details.cover:
        name = f"cover{details.cover.extension}"
        resources.append(
            {"type": "LinkedResource", "url": name, "encodingFormat": details.cover.media_type, "rel": "cover"}
        )
    order = [_linked(file, title) for file, title in zip(files, titles, strict=True)]
    return {name: value for name, value in facts.items() if value} | {"resources": resources, "readingOrder": order}


def _linked(file: DeliveredFile, title: str) -> dict[str, Any]:
    return {
        "type": "LinkedResource",
        "url": Path(file.name).name,
        "encodingFormat": "audio/mpeg",
        "name": title,
        "duration": _iso_duration(_duration_s(file)),
    }


def _duration_s(file: DeliveredFile) -> float:
    return file.measured.duration_s if file.measured else 0.0


def _iso_duration(seconds: float) -> str:
    return f"PT{seconds:.3f}S"


def _table_of_contents(book: Book, files: Sequence[DeliveredFile], titles: Sequence[str]) -> str:
    entries = "\n".join(
        f'      <li><a href="{escape(Path(file.name).name)}">{escape(title)}</a></li>'
        for file, title in zip(files, titles, strict=True)
    )
    return f"""<!DOCTYPE html>
<html lang="{escape(book.language())}">
  <head><meta charset="utf-8"><title>{escape(book.details.title)}</title></head>
  <body>
    <nav role="doc-toc">
      <h2>{escape(book.details.title)}</h2>
      <ol>
{entries}
      </ol>
    </nav>
  </body>
</html>
"""
