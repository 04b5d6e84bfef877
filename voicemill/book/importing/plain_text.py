"""Plain text as HTML: paragraphs, headings of chapters, and the license, notes and pictures of Project Gutenberg."""

import html
import re
from collections.abc import Iterator, Sequence, Set
from typing import Final

from voicemill.book.importing.contents_lists import contents_positions
from voicemill.book.importing.heading_lines import heading_level, is_number_only, is_title
from voicemill.book.importing.source import About
from voicemill.planning.line_ends import LINE_END, mark_line_ends

_GAPS = re.compile(r"(\n[^\S\n]*\n\s*)")
_START = re.compile(r"^\*\*\* ?START OF (?:THE|THIS) PROJECT GUTENBERG EBOOK.*?\*\*\*[^\n]*$", re.MULTILINE | re.DOTALL)
_END = re.compile(
    r"^(?:End of (?:the )?Project Gutenberg[’'s ]|\*\*\* ?END OF (?:THE|THIS) PROJECT GUTENBERG EBOOK)",
    re.MULTILINE | re.IGNORECASE,
)
_PRODUCED_BY = re.compile(r"\s*(?:E-text prepared|Produced) by\b[^\n]*(?:\n[^\n]+)*\n")
_FACTS = re.compile(r"^(Title|Author|Language): *(.+?)\r?$", re.MULTILINE)
_EMPHASIS = re.compile(r"(?<!\w)([_*=])(?=[^\s_*=])([^_*=\n]*(?:\n[^_*=\n]+)*)(?<=\S)\1(?!\w)")
_LINE_END_HYPHEN = re.compile(r"(?<!\w)(\w+)-\n[^\S\n]*([a-zà-öø-ÿ]\w*)")
_NOTE_START = re.compile(r"\s*\[Footnote (?P<mark>[\w*†‡]{1,5}):")
_BARE_NOTE_START = re.compile(r"\s*\[(?P<mark>[\w*†‡]{1,5})\]\s+\S")
_REFERENCE = re.compile(r"\[(?P<mark>[\w*†‡]{1,5})\]")
_PICTURE = re.compile(r"\s*\[Illustration\b[^\]]*\]\s*")
_PAGE = re.compile(r"\[(?:Pg|Page|p\.) ?[\divxlc]+\]", re.IGNORECASE)
_SOFT_HYPHEN: Final = "\u00ad"
_MOST_NOTE_PARAGRAPHS: Final = 20
_LINES = re.compile(r"^[^\S\n]*\S[^\n]*(?:\n[^\S\n]*\S[^\n]*)+", re.MULTILINE)
_LONGEST_WRAPPED_LINE: Final = 150
"""Characters: a text with longer lines has a line for each paragraph."""
_FEWEST_TITLES: Final = 2
_LINES_BEFORE_TITLE: Final = 4
"""Line ends before a title that has no number: three blank lines."""
_LANGUAGES: Final = {"english": "en", "german": "de", "french": "fr", "spanish": "es", "italian": "it", "dutch": "nl"}


def html_of_text(text: str) -> tuple[str, About]:
    """A plain text as XHTML, and what it says about itself."""
    start, end = _START.search(text), _END.search(text)
    first, last = (start.end() if start else 0), (end.start() if end and end.start() > 0 else len(text))
    if start and (credit := _PRODUCED_BY.match(text, first)):
        first = credit.end()
    before, body, after = text[:first], text[first:last], text[last:]
    facts = {name.lower(): value.strip() for name, value in _FACTS.findall(before)}
    language = _LANGUAGES.get(facts.get("language", "").casefold(), "")
    about = About(title=facts.get("title", ""), author=facts.get("author", ""), language=language)
    blocks = "".join(_blocks(_with_blank_lines(_without_line_end_hyphens(body))))
    return f"<html><body>{_license(before)}{blocks}{_license(after)}</body></html>", about


def _with_blank_lines(text: str) -> str:
    """The text with a blank line between paragraphs that only an indentation or the end of a long line separates."""

    def separated(found: "re.Match[str]") -> str:
        lines = found[0].split("\n")
        if any(len(line) > _LONGEST_WRAPPED_LINE for line in lines):
            return "\n\n".join(lines)
        indented = [line[:2].isspace() for line in lines]
        if not indented[0] or all(indented):
            return found[0]
        return "\n".join(f"\n{line}" if index and indented[index] else line for index, line in enumerate(lines))

    return _LINES.sub(separated, text)


def _without_line_end_hyphens(text: str) -> str:
    """The text with words joined that were divided at a line end.

    Where the book has the word without a hyphen, too, the hyphen becomes a soft one, which is not spoken.
    """
    words: set[str] = set()

    def joined(found: "re.Match[str]") -> str:
        if not words:
            words.update(re.findall(r"\w+", text.casefold()))
        is_one_word = f"{found[1]}{found[2]}".casefold() in words
        return f"{found[1]}{_SOFT_HYPHEN if is_one_word else '-'}{found[2]}"

    return _LINE_END_HYPHEN.sub(joined, text)


def _license(text: str) -> str:
    return f'<div class="voicemill-license">{_plain(text)}</div>' if text.strip() else ""


def _blocks(text: str) -> Iterator[str]:
    pieces = _GAPS.split(text.strip())
    paragraphs, gaps = [each.strip("\n") for each in pieces[::2]], ["", *pieces[1::2]]
    notes, marks = _notes(paragraphs)
    contents = contents_positions(paragraphs)
    headings = _headings(paragraphs, gaps, contents | notes)
    for index, paragraph in enumerate(paragraphs):
        if index in contents:
            yield f'<p class="voicemill-contents">{_plain(paragraph)}</p>'
        elif index in notes or _PICTURE.fullmatch(paragraph):
            kind = "note" if index in notes else "picture"
            yield f'<p class="voicemill-{kind}">{_plain(paragraph)}</p>'
        elif name := headings.get(index):
            yield f"<{name}>{_emphasized(_without_marks(_plain(' '.join(paragraph.split())), marks))}</{name}>"
        elif not any(one.isalnum() for one in paragraph) and len(paragraph) < 40:
            yield f"<hr/><p>{_plain(paragraph)}</p><hr/>"
        else:
            yield f"<p>{_lines(paragraph, marks)}</p>"


def _headings(paragraphs: Sequence[str], gaps: Sequence[str], others: Set[int]) -> dict[int, str]:
    """The names of the elements of headings by position: numbered ones with their titles; without any, titles alone."""
    found: dict[int, str] = {}
    around = ["", *paragraphs, ""]
    for index, paragraph in enumerate(paragraphs):
        if index in others:
            continue
        level = heading_level(paragraph, around[index], around[index + 2])
        if level:
            found[index] = f"h{level}"
        elif index - 1 in found and is_number_only(paragraphs[index - 1]) and is_title(paragraph) and around[index + 2]:
            found[index] = found[index - 1]
    if found:
        return found
    titles = [
        index
        for index, paragraph in enumerate(paragraphs[:-1])
        if gaps[index].count("\n") >= _LINES_BEFORE_TITLE and index not in others and is_title(paragraph)
    ]
    return dict.fromkeys(titles, "h2") if len(titles) >= _FEWEST_TITLES else {}


def _notes(paragraphs: Sequence[str]) -> tuple[set[int], set[str]]:
    """The positions of the paragraphs of footnotes, which are in square brackets, and the marks of the notes."""
    positions: set[int] = set()
    marks: set[str] = set()
    for index, paragraph in enumerate(paragraphs):
        bare = _BARE_NOTE_START.match(paragraph)
        if bare and any(f"[{bare['mark']}]" in each for each in paragraphs[:index]):
            positions.add(index)
            marks.add(bare["mark"])
        elif start := _NOTE_START.match(paragraph):
            following = range(index, min(len(paragraphs), index + _MOST_NOTE_PARAGRAPHS))
            last = next((each for each in following if paragraphs[each].rstrip().endswith("]")), None)
            if last is not None:
                positions.update(range(index, last + 1))
                marks.add(start["mark"])
    return positions, marks


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
    def marked(found: "re.Match[str]") -> str:
        mark = f'<span class="voicemill-emphasis">{found[1]}</span>'
        return f"{mark}{found[2]}{mark}"

    return _EMPHASIS.sub(marked, line)


def _plain(text: str) -> str:
    return html.escape(text, quote=False)
