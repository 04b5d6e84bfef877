"""Plain text as HTML: paragraphs, headings of chapters, and the licence, notes and pictures of Project Gutenberg."""

import html
import re
from collections.abc import Iterator, Sequence, Set
from typing import Final

from voicemill.book.importing.source import About
from voicemill.planning.line_ends import LINE_END, mark_line_ends

_PARAGRAPHS = re.compile(r"\n[^\S\n]*\n\s*")
_START = re.compile(r"^\*\*\* ?START OF (?:THE|THIS) PROJECT GUTENBERG EBOOK.*?\*\*\*[^\n]*$", re.MULTILINE | re.DOTALL)
_END = re.compile(r"^\*\*\* ?END OF (?:THE|THIS) PROJECT GUTENBERG EBOOK", re.MULTILINE)
_FACTS = re.compile(r"^(Title|Author|Language): *(.+?)\r?$", re.MULTILINE)
_NUMBER_WORDS: Final = "one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen|twenty"
_HEADING = re.compile(
    r"(?:chapter|kapitel|chapitre|cap[ií]tulo|capitolo|hoofdstuk|canto|letter|act|scene)\s+"
    rf"(?:[ivxlcdm]+|\d+|the \w+|(?:{_NUMBER_WORDS})\w*)\b[^\n]{{0,80}}(?:\n[^\n]{{1,80}}){{0,2}}"
    r"|(?:prologue|epilogue|preface|foreword|introduction|afterword|conclusion|contents|acknowledge?ments|prolog|epilog|"
    r"vorwort|nachwort|introducción|prólogo|epílogo|préface)[.:]?",
    re.IGNORECASE,
)
_PART = re.compile(
    r"(?:part|book|volume|teil|buch|band|livre|partie)\s+(?:[ivxlcdm]+|\d+|the \w+|\w+)\b[^\n]{0,60}", re.IGNORECASE
)
_NUMBER = re.compile(r"(?:[IVXLC]{1,7}|\d{1,3})\.?(?:[ \t]+[^\n]{1,60})?")
_SENTENCE_END: Final = (".", ",", ";", "!", "?", "”", '"')
_EMPHASIS = re.compile(r"(?<!\w)_(?=\S)([^_\n]*(?:\n[^_\n]+)*)(?<=\S)_(?!\w)")
_NOTE_START = re.compile(r"\s*\[Footnote (?P<mark>[\w*†‡]{1,5}):")
_REFERENCE = re.compile(r"\[(?P<mark>[\w*†‡]{1,5})\]")
_PICTURE = re.compile(r"\s*\[Illustration\b[^\]]*\]\s*")
_PAGE = re.compile(r"\[(?:Pg|Page|p\.) ?[\divxlc]+\]", re.IGNORECASE)
_MOST_NOTE_PARAGRAPHS: Final = 20
_MARK: Final = '<span class="voicemill-emphasis">_</span>'
_LANGUAGES: Final = {"english": "en", "german": "de", "french": "fr", "spanish": "es", "italian": "it", "dutch": "nl"}


def html_of_text(text: str) -> tuple[str, About]:
    """A plain text as XHTML, and what it says about itself."""
    start, end = _START.search(text), _END.search(text)
    first, last = (start.end() if start else 0), (end.start() if end and end.start() > 0 else len(text))
    before, body, after = text[:first], text[first:last], text[last:]
    facts = {name.lower(): value.strip() for name, value in _FACTS.findall(before)}
    language = _LANGUAGES.get(facts.get("language", "").casefold(), "")
    about = About(title=facts.get("title", ""), author=facts.get("author", ""), language=language)
    blocks = "".join(_blocks(body))
    return f"<html><body>{_licence(before)}{blocks}{_licence(after)}</body></html>", about


def _licence(text: str) -> str:
    return f'<div class="voicemill-licence">{_plain(text)}</div>' if text.strip() else ""


def _blocks(text: str) -> Iterator[str]:
    paragraphs = [each.strip("\n") for each in _PARAGRAPHS.split(text) if each.strip()]
    notes, marks = _notes(paragraphs)
    for index, paragraph in enumerate(paragraphs):
        following = paragraphs[index + 1] if index + 1 < len(paragraphs) else ""
        name = _heading_name(paragraph.strip(), following)
        if index in notes or _PICTURE.fullmatch(paragraph):
            kind = "note" if index in notes else "picture"
            yield f'<p class="voicemill-{kind}">{_plain(paragraph)}</p>'
        elif name:
            yield f"<{name}>{_plain(' '.join(paragraph.split()))}</{name}>"
        elif not any(one.isalnum() for one in paragraph) and len(paragraph) < 40:
            yield f"<hr/><p>{_plain(paragraph)}</p><hr/>"
        else:
            yield f"<p>{_lines(paragraph, marks)}</p>"


def _notes(paragraphs: Sequence[str]) -> tuple[set[int], set[str]]:
    """The positions of the paragraphs of footnotes, which are in square brackets, and the marks of the notes."""
    positions: set[int] = set()
    marks: set[str] = set()
    for index, paragraph in enumerate(paragraphs):
        if start := _NOTE_START.match(paragraph):
            following = range(index, min(len(paragraphs), index + _MOST_NOTE_PARAGRAPHS))
            last = next((each for each in following if paragraphs[each].rstrip().endswith("]")), None)
            if last is not None:
                positions.update(range(index, last + 1))
                marks.add(start["mark"])
    return positions, marks


def _heading_name(paragraph: str, following: str) -> str:
    if _PART.fullmatch(paragraph):
        return "h1"
    if _HEADING.fullmatch(paragraph) and not _is_sentence(paragraph):
        return "h2"
    if _NUMBER.fullmatch(paragraph) and following and len(paragraph) <= 60 and not _is_sentence(paragraph[4:]):
        return "h2"
    return ""


def _is_sentence(paragraph: str) -> bool:
    """Whether a paragraph reads like prose: it is long, or ends a sentence that has many words."""
    return len(paragraph) > 160 or (len(paragraph.split()) > 12 and paragraph.endswith(_SENTENCE_END))


def _lines(paragraph: str, marks: Set[str]) -> str:
    """The text of a paragraph with a line break at each intended line end; wrapped prose is one line."""
    marked = mark_line_ends(paragraph)
    return "<br/>".join(_emphasized(_without_marks(_plain(line), marks)) for line in marked.split(LINE_END))


def _without_marks(line: str, marks: Set[str]) -> str:
    """A line whose page numbers and references to the notes `marks` are set apart."""
    line = _PAGE.sub(r'<span class="voicemill-page">\g<0></span>', line)
    return _REFERENCE.sub(
        lambda found: f'<span class="voicemill-reference">{found[0]}</span>' if found["mark"] in marks else found[0],
        line,
    )


def _emphasized(line: str) -> str:
    return _EMPHASIS.sub(lambda found: f"{_MARK}{found[1]}{_MARK}", line)


def _plain(text: str) -> str:
    return html.escape(text, quote=False)
