"""Exclude covers, title pages, copyright pages, contents and indexes that only their title or their words tell."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final, NamedTuple

from voicemill.book.importing.chapters import Chapter
from voicemill.book.importing.source import About
from voicemill.book.importing.title_places import first_words, same_words
from voicemill.book.importing.walker import Block


class _Page(NamedTuple):
    """The titles of a kind of page, and the most characters that it has."""

    titles: re.Pattern[str]
    longest: int
    is_list: bool = False


def _titles(words: str) -> re.Pattern[str]:
    return re.compile(rf"(?:{words})", re.IGNORECASE)


_PAGES: Final = {
    "cover": _Page(
        _titles(r"(?:front |book )?cover(?: page| image)?|umschlag|titelbild|couverture|cubierta|copertina|omslag"), 500
    ),
    "title-page": _Page(
        _titles(r"title ?page|titelseite|titelblatt|page de titre|portada|frontespizio|titelpagina"), 1500
    ),
    "half-title": _Page(_titles(r"half[- ]?title(?: page)?|schmutztitel|faux[- ]titre|portadilla|occhiello"), 500),
    "copyright": _Page(
        _titles(
            r"copyright(?: page| notice| information)?|imprint|impressum|mentions légales|créditos|"
            r"derechos de autor|colofon"
        ),
        8000,
    ),
    "colophon": _Page(_titles("colophon"), 4000),
    "table-of-contents": _Page(
        _titles(
            r"(?:table of )?contents|inhalt(?:sverzeichnis)?|table des matières|sommaire|[íi]ndice|inhoud(?:sopgave)?|"
            r"list of (?:illustrations|figures|tables|maps|plates)"
        ),
        50_000,
        is_list=True,
    ),
    "index": _Page(
        _titles(r"(?:general |subject )?index(?: of [\w ]+)?|(?:sach|personen|namens)?register"), 10**6, True
    ),
    "bibliography": _Page(
        _titles(r"(?:select(?:ed)? )?bibliography|works cited|literaturverzeichnis|bibliogra(?:ph|f)[iíy]e?a?"),
        10**6,
        True,
    ),
}
_NOTES = _titles(r"(?:end|foot|chapter )?notes|anmerkungen|endnoten|fußnoten|notas|noten")
_LONGEST_LINE: Final = 300
"""Characters: a page with a longer paragraph is no list."""
_LONGEST_REST: Final = 120
"""Characters of a title page besides the title and the author: a subtitle, a publisher, a place."""


def without_unspoken_pages(chapters: Sequence[Chapter], about: About) -> list[Chapter]:
    """The chapters, with the text of such pages excluded; what follows a page in other documents is a chapter."""
    listed = next((index for index, chapter in enumerate(chapters) if _is_text(chapter, about)), 0)
    return [each for index, one in enumerate(chapters) for each in _divided(one, about, is_front=index < listed)]


def _is_text(chapter: Chapter, about: About) -> bool:
    """Whether a chapter is neither such a page nor called by the title of the book, as a title page may be."""
    is_named = same_words(chapter.title) not in ("", same_words(about.title))
    return chapter.is_listed and is_named and not _rule_of_title(chapter)


def _divided(chapter: Chapter, about: About, *, is_front: bool) -> Iterator[Chapter]:
    rule = _rule_of_title(chapter) if chapter.is_listed and chapter.blocks else ""
    if rule:
        page = chapter.blocks[0].document
        rest = [block for block in chapter.blocks if block.document != page]
        chapter = replace(chapter, blocks=[block for block in chapter.blocks if block.document == page])
        _exclude(chapter.kept, rule)
        following = next((block for block in rest if not block.rule), None)
        yield chapter
        if following is None:
            return
        chapter = replace(chapter, title=first_words(following.text), blocks=rest, is_listed=False)
    if is_front:
        _exclude_title_pages(chapter, about)
    yield chapter


def _rule_of_title(chapter: Chapter) -> str:
    """The rule for a chapter whose title names such a page, and whose first document is as short as one."""
    title = " ".join(chapter.title.split()).strip(" .:")
    first = [block for block in chapter.kept if block.document == chapter.blocks[0].document]
    size, longest = sum(len(block.text) for block in first), max((len(block.text) for block in first), default=0)
    for rule, page in _PAGES.items():
        if page.titles.fullmatch(title) and size <= page.longest and not (page.is_list and longest > _LONGEST_LINE):
            return rule
    excluded = sum(len(block.text) for block in chapter.blocks if block.rule == "note")
    return "note" if _NOTES.fullmatch(title) and excluded > size else ""


def _exclude_title_pages(chapter: Chapter, about: About) -> None:
    """Exclude the documents of a chapter that hold the title of the book and little else."""
    for name in dict.fromkeys(block.document for block in chapter.kept):
        page = [block for block in chapter.kept if block.document == name]
        words, title, author = (
            same_words(each) for each in (" ".join(b.text for b in page), about.title, about.author)
        )
        if title and words == title:
            _exclude(page, "half-title")
        is_short = len(words) <= len(title) + len(author) + _LONGEST_REST
        if is_short and title and author and title in words and author in words:
            _exclude(page, "title-page")


def _exclude(blocks: Sequence[Block], rule: str) -> None:
    for block in blocks:
        block.rule = rule
