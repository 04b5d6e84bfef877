"""The documents of a read-along EPUB 3: chapters, media overlays, contents and package."""

import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from html import escape
from typing import Final

from voicemill.book.mastering.book_details import BookDetails
from voicemill.book.mastering.chapters import Kind
from voicemill.book.mastering.read_along_text import ReadAlongText, Sentence, numbered

CONTAINER: Final = """<?xml version="1.0" encoding="UTF-8"?>
<container version="1.0" xmlns="urn:oasis:names:tc:opendocument:xmlns:container">
  <rootfiles>
    <rootfile full-path="EPUB/package.opf" media-type="application/oebps-package+xml"/>
  </rootfiles>
</container>
"""
STYLE: Final = ".-epub-media-overlay-active { background-color: #fdeeb5; color: #000; }\n"
_XML: Final = '<?xml version="1.0" encoding="UTF-8"?>\n'
_NAMESPACES: Final = 'xmlns="http://www.w3.org/1999/xhtml" xmlns:epub="http://www.idpf.org/2007/ops"'
_TYPES: Final[dict[Kind, str]] = {"credits": "preamble", "front": "preface", "chapter": "chapter", "back": "appendix"}


@dataclass(frozen=True, slots=True)
class Page:
    """A chapter of the EPUB: `name` is the stem of its files."""

    name: str
    title: str
    kind: Kind
    language: str
    text: ReadAlongText


def chapter_page(page: Page) -> str:
    """The XHTML of a chapter: one span for each sentence."""
    paragraphs = [*numbered(page.text.paragraphs)]
    heading = f"<h1>{escape(page.title)}</h1>"
    if paragraphs and _plain_text(paragraphs[0]).casefold() == page.title.casefold():
        heading = f"<h1>{_spans(paragraphs.pop(0))}</h1>"
    body = "\n".join(f"<p>{_spans(paragraph)}</p>" for paragraph in paragraphs)
    content = f'<section epub:type="{_TYPES[page.kind]}">\n{heading}\n{body}\n</section>'
    return _document(page.title, page.language, content)


def _plain_text(paragraph: Sequence[tuple[str, Sentence]]) -> str:
    return "".join(sentence.text for _, sentence in paragraph).strip(" .")


def _spans(paragraph: Sequence[tuple[str, Sentence]]) -> str:
    return "".join(
        f'<span id="{span_id}">{escape(sentence.text)}</span>' if span_id else escape(sentence.text)
        for span_id, sentence in paragraph
    )


def overlay(page: Page, audio: str) -> str:
    """The media overlay of a chapter."""
    spoken = [(span_id, one.clip) for found in numbered(page.text.paragraphs) for span_id, one in found if one.clip]
    pairs = "\n".join(
        f'      <par id="p{number}"><text src="{page.name}.xhtml#{span_id}"/><audio src="{audio}" '
        f'clipBegin="{clip.start_ms / 1000:.3f}s" clipEnd="{clip.end_ms / 1000:.3f}s"/></par>'
        for number, (span_id, clip) in enumerate(spoken, 1)
    )
    return f"""{_XML}<smil xmlns="http://www.w3.org/ns/SMIL" xmlns:epub="http://www.idpf.org/2007/ops" version="3.0">
  <body>
    <seq id="all" epub:textref="{page.name}.xhtml">
{pairs}
    </seq>
  </body>
</smil>
"""


def contents(details: BookDetails, pages: Sequence[Page], language: str) -> str:
    """The navigation document."""
    entries = "\n".join(f'<li><a href="{page.name}.xhtml">{escape(page.title)}</a></li>' for page in pages)
    title = escape(details.title)
    return _document(details.title, language, f'<nav epub:type="toc"><h1>{title}</h1><ol>\n{entries}\n</ol></nav>')


def _document(title: str, language: str, body: str) -> str:
    tongue = escape(language)
    head = f'<head><title>{escape(title)}</title><link rel="stylesheet" href="style.css"/></head>'
    root = f'<html {_NAMESPACES} lang="{tongue}" xml:lang="{tongue}">'
    return f"{_XML}<!DOCTYPE html>\n{root}\n{head}\n<body>\n{body}\n</body>\n</html>\n"


def package(details: BookDetails, pages: Sequence[Page], language: str, made_at: datetime) -> str:
    """The package document. `made_at` is when the newest recording was made."""
    items = "\n    ".join(_items(details, pages))
    order = "\n    ".join(f'<itemref idref="{page.name}"/>' for page in pages)
    facts = "\n    ".join(_facts(details, pages, language, made_at))
    return f"""{_XML}<package xmlns="http://www.idpf.org/2007/opf" version="3.0" unique-identifier="book-id">
  <metadata xmlns:dc="http://purl.org/dc/elements/1.1/">
    {facts}
  </metadata>
  <manifest>
    {items}
  </manifest>
  <spine>
    {order}
  </spine>
</package>
"""


def _facts(details: BookDetails, pages: Sequence[Page], language: str, made_at: datetime) -> Iterator[str]:
    yield f'<dc:identifier id="book-id">{escape(_identifier(details))}</dc:identifier>'
    yield f"<dc:title>{escape(details.title)}</dc:title>"
    yield f"<dc:language>{escape(language)}</dc:language>"
    for tag, text in (("creator", details.author), ("publisher", details.publisher), ("date", details.year)):
        if text:
            yield f"<dc:{tag}>{escape(text)}</dc:{tag}>"
    if details.description:
        yield f"<dc:description>{escape(details.description)}</dc:description>"
    yield f'<meta property="dcterms:modified">{made_at:%Y-%m-%dT%H:%M:%SZ}</meta>'
    if details.narrator:
        yield f'<meta property="media:narrator">{escape(details.narrator)}</meta>'
    yield '<meta property="media:active-class">-epub-media-overlay-active</meta>'
    for page in pages:
        yield f'<meta property="media:duration" refines="#{page.name}-overlay">{_clock(page.text.duration_ms)}</meta>'
    yield f'<meta property="media:duration">{_clock(sum(page.text.duration_ms for page in pages))}</meta>'


def _identifier(details: BookDetails) -> str:
    if details.isbn:
        return f"urn:isbn:{details.isbn_digits}"
    return f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, f'voicemill:{details.title}:{details.author}')}"


def _items(details: BookDetails, pages: Sequence[Page]) -> Iterator[str]:
    yield '<item id="contents" href="contents.xhtml" media-type="application/xhtml+xml" properties="nav"/>'
    yield '<item id="style" href="style.css" media-type="text/css"/>'
    if details.cover:
        name, kind = f"cover{details.cover.extension}", details.cover.media_type
        yield f'<item id="cover" href="{name}" media-type="{kind}" properties="cover-image"/>'
    for page in pages:
        name = page.name
        yield (
            f'<item id="{name}" href="{name}.xhtml" media-type="application/xhtml+xml" media-overlay="{name}-overlay"/>'
        )
        yield f'<item id="{name}-overlay" href="{name}.smil" media-type="application/smil+xml"/>'
        yield f'<item id="{name}-audio" href="audio/{name}.m4a" media-type="audio/mp4"/>'


def _clock(milliseconds: int) -> str:
    minutes, rest = divmod(milliseconds, 60_000)
    return f"{minutes // 60}:{minutes % 60:02}:{rest // 1000:02}.{rest % 1000:03}"
