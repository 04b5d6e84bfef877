"""From blocks and a table of contents to chapters."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from voicemill.book.importing.heading_lines import is_number_only
from voicemill.book.importing.source import Entry, Source
from voicemill.book.importing.title_places import first_words, title_after, title_before
from voicemill.book.importing.walker import Block, Walked

_FRONT = re.compile(
    r"preface|foreword|introduct|prologue|dedication|epigraph|acknowledg|note to|vorwort|einleitung|préface"
)
_BACK = re.compile(
    r"appendi|afterword|epilogue|acknowledg|about the (?:author|publisher)|glossary|notes|nachwort|also by"
)
_PART = re.compile(r"\b(?:part|book|volume|teil|buch|band|partie|livre|parte|libro|section)\b", re.IGNORECASE)
_CHAPTER = re.compile(
    r"\b(?:chapter|kapitel|chapitre|capítulo|capitolo|hoofdstuk|letter|canto|act|scene)\b|^\W*(?:\d+|[ivxlc]+)\b",
    re.IGNORECASE,
)
_SMALLEST_CHAPTER: Final = 3000
"""Characters, about three minutes: entries that are shorter on average are sections of a chapter."""
_LARGEST_CHAPTER: Final = 100_000
"""Characters, nearly two hours, the most that shops accept in a file."""
_LONGEST_PART_PAGE: Final = 300


@dataclass(slots=True)
class Chapter:
    """A chapter: the blocks of its range, kept and excluded. `number` counts from 1 in the order of the book."""

    title: str
    kind: str
    part: str
    blocks: list[Block]
    number: int = 0
    is_listed: bool = True

    @property
    def kept(self) -> list[Block]:
        """The blocks that are spoken."""
        return [block for block in self.blocks if not block.rule]


@dataclass(slots=True)
class _Start:
    """Where a chapter begins, by its position among all blocks. `has_parts` marks the entry of a part."""

    position: int
    title: str
    part: str
    has_parts: bool = False
    is_listed: bool = True
    level: int = 1


@dataclass(slots=True)
class _Node:
    """An entry of the table of contents with the position of its target; -1 and a rule where it has none."""

    entry: Entry
    position: int
    rule: str
    children: "list[_Node]" = field(default_factory=list)
    size: int = 0


class ContentsRule(tuple[str, str, str]):
    """A contents entry that is not a chapter: its title, the rule, and where it leads."""


def chapters_of(source: Source, walked: Sequence[Walked], depth: int = 0) -> tuple[list[Chapter], list[ContentsRule]]:
    """The chapters of a book in order, and the contents entries that are not chapters.

    `depth` is the level of the contents whose entries become chapters; 0 chooses it by their length.
    """
    return _Chapters(source, walked, depth).chapters()


class _Chapters:
    def __init__(self, source: Source, walked: Sequence[Walked], depth: int) -> None:
        self._source = source
        self._walked = {document.name: one for document, one in zip(source.documents, walked, strict=True)}
        self._blocks = [block for one in walked for block in one.blocks]
        self._starts: dict[str, int] = {}
        self._named: set[int] = set()
        position = 0
        for document, one in zip(source.documents, walked, strict=True):
            self._starts[document.name] = position
            position += len(one.blocks)
        self._depth = depth
        self._left_out: list[ContentsRule] = []

    def chapters(self) -> tuple[list[Chapter], list[ContentsRule]]:
        """See `chapters_of`."""
        starts = [*self._from_contents(list(self._source.contents))]
        if not starts:
            starts = [*self._from_contents(self._headings())] or [*self._from_documents()]
        if not starts:
            return [], self._left_out
        starts = self._with_unlisted(_in_order(starts, self._left_out))
        ends = [start.position for start in starts[1:]] + [len(self._blocks)]
        chapters = [self._chapter(start, end) for start, end in zip(starts, ends, strict=True)]
        return _with_parts_opened(chapters, starts, self._left_out), self._left_out

    def _from_contents(self, entries: list[Entry]) -> Iterator[_Start]:
        nodes = [self._node(entry) for entry in entries]
        self._measure(nodes, len(self._blocks))
        yield from self._chosen(nodes, "", 1)

    def _node(self, entry: Entry) -> _Node:
        position, rule = self._position(entry)
        return _Node(entry, position, rule, [self._node(child) for child in entry.children])

    def _position(self, entry: Entry) -> tuple[int, str]:
        """The position of an entry's target among all blocks, or -1 with a rule."""
        if entry.position >= 0:
            return entry.position, ""
        if not entry.document:
            return -1, "contents-entry: no text"
        walked = self._walked.get(entry.document)
        if walked is None:
            return -1, "contents-entry: excluded"
        if entry.fragment in walked.excluded_ids:
            return -1, "contents-entry: excluded"
        within = walked.places.get(entry.fragment, 0)
        if entry.fragment and entry.fragment not in walked.places and self._is_named_often(entry.document):
            return -1, "contents-entry: no text"
        position = self._first_kept(self._starts[entry.document] + within)
        if entry.fragment and position in self._named:
            position = title_after(self._blocks, position, entry.title)
        self._named.add(position)
        return title_before(self._blocks, position, entry.title), ""

    def _first_kept(self, position: int) -> int:
        """The position of the next kept block of the same document; `position` itself where there is none."""
        document = self._blocks[position].document if position < len(self._blocks) else ""
        for index in range(position, len(self._blocks)):
            if self._blocks[index].document != document:
                break
            if not self._blocks[index].rule:
                return index
        return position

    def _is_named_often(self, document: str) -> bool:
        waiting, count = list(self._source.contents), 0
        while waiting:
            entry = waiting.pop()
            count += entry.document == document
            waiting += entry.children
        return count > 1

    def _measure(self, nodes: list[_Node], end: int) -> None:
        """Set the number of kept characters of each entry, up to the next entry of its level."""
        for index, node in enumerate(nodes):
            later = [position for each in nodes[index + 1 :] for position in _positions(each) if position >= 0]
            stop = min([position for position in later[:1] if position >= 0] or [end])
            first = min((position for position in _positions(node) if position >= 0), default=-1)
            if first >= 0:
                node.size = sum(len(block.text) for block in self._blocks[first:stop] if not block.rule)
            self._measure(node.children, stop)

    def _chosen(self, nodes: list[_Node], part: str, level: int) -> Iterator[_Start]:
        for node in nodes:
            is_split = bool(node.children) and self._is_split(node, level)
            if node.position < 0:
                if node.entry.title:
                    self._leave_out(node, node.rule)
            else:
                yield _Start(node.position, node.entry.title, part, has_parts=is_split, level=level)
            if is_split:
                yield from self._chosen(node.children, node.entry.title or part, level + 1)
            else:
                for child in _all_below(node):
                    self._leave_out(child, child.rule or "contents-entry: section")

    def _is_split(self, node: _Node, level: int) -> bool:
        """Whether the entries below one are chapters, rather than sections of a chapter."""
        if self._depth:
            return level < self._depth
        if node.position < 0:
            return True
        children = [child for child in node.children if child.position >= 0]
        if not children:
            return False
        mean = sum(child.size for child in children) / len(children)
        if node.size > _LARGEST_CHAPTER and len(children) > 1:
            return True
        if _CHAPTER.search(node.entry.title) and not _PART.search(node.entry.title):
            return False
        named = sum(bool(_CHAPTER.search(child.entry.title)) for child in children)
        return mean >= _SMALLEST_CHAPTER or named > len(children) / 2 or bool(_PART.match(node.entry.title))

    def _leave_out(self, node: _Node, rule: str) -> None:
        entry = node.entry
        place = f"{entry.document}#{entry.fragment}" if entry.fragment else entry.document
        self._left_out.append(ContentsRule((entry.title, rule, place)))

    def _headings(self) -> list[Entry]:
        """A table of contents made of the headings: for books that have none."""
        found = [
            (block.level, index)
            for index, block in enumerate(self._blocks)
            if block.level and not block.rule and not self._follows_heading(index)
        ]
        top: list[Entry] = []
        open_entries: list[tuple[int, Entry]] = []
        for level, index in found:
            entry = Entry(self._title_at(index), position=index)
            while open_entries and open_entries[-1][0] >= level:
                open_entries.pop()
            (open_entries[-1][1].children if open_entries else top).append(entry)
            open_entries.append((level, entry))
        return top

    def _follows_heading(self, index: int) -> bool:
        """Whether a heading continues the one right before it: `I` and a title in two blocks."""
        if not index:
            return False
        before, block = self._blocks[index - 1], self._blocks[index]
        same = bool(before.level) and not before.rule and before.document == block.document
        return same and (before.level == block.level) and is_number_only(before.text)

    def _title_at(self, index: int) -> str:
        block = self._blocks[index]
        title = " ".join(block.text.split())
        following = self._blocks[index + 1] if index + 1 < len(self._blocks) else None
        if following is not None and self._follows_heading(index + 1):
            return f"{title} {' '.join(following.text.split())}"
        return title

    def _from_documents(self) -> Iterator[_Start]:
        for document in self._source.documents:
            first = next((block for block in self._walked[document.name].blocks if not block.rule), None)
            if first is not None:
                yield _Start(self._starts[document.name], first_words(first.text), "", is_listed=False)

    def _with_unlisted(self, starts: list[_Start]) -> list[_Start]:
        """The starts, and those of documents that no entry names and that are not the continuation of a chapter."""
        positions = [start.position for start in starts]
        more: list[_Start] = []
        for document in self._source.documents:
            begin, walked = self._starts[document.name], self._walked[document.name]
            end = begin + len(walked.blocks)
            kept = [index for index in range(begin, end) if not self._blocks[index].rule]
            if not kept or any(begin <= position <= kept[0] for position in positions):
                continue
            before = [start for start in starts if start.position < begin]
            first = self._blocks[kept[0]]
            is_heading = bool(first.level) and first.level <= self._level_of(before[-1]) if before else False
            if not before or is_heading:
                title = self._title_at(kept[0]) if first.level else first_words(first.text)
                more.append(_Start(begin, title, before[-1].part if before else "", is_listed=False))
        found = sorted([*starts, *more], key=lambda start: start.position)
        if found and found[0].position > 0:
            opening = next((block for block in self._blocks[: found[0].position] if not block.rule), None)
            title = "" if opening is None else first_words(opening.text)
            found.insert(0, _Start(0, title, "", is_listed=False))
        return found

    def _level_of(self, start: _Start) -> int:
        block = next((each for each in self._blocks[start.position :] if not each.rule), None)
        return block.level if block is not None else 0

    def _chapter(self, start: _Start, end: int) -> Chapter:
        blocks = self._blocks[start.position : end]
        return Chapter(start.title, "chapter", start.part, blocks, is_listed=start.is_listed)


def _positions(node: _Node) -> Iterator[int]:
    yield node.position
    for child in node.children:
        yield from _positions(child)


def _all_below(node: _Node) -> Iterator[_Node]:
    for child in node.children:
        yield child
        yield from _all_below(child)


def _in_order(starts: Iterable[_Start], left_out: list[ContentsRule]) -> list[_Start]:
    """The starts by position; of those at the same place the last and deepest is the chapter."""
    found: dict[int, _Start] = {}
    for start in starts:
        if (earlier := found.get(start.position)) is not None:
            if start.level <= earlier.level or not (earlier.has_parts or start.has_parts):
                left_out.append(ContentsRule((start.title, "contents-entry: same place", "")))
                continue
            left_out.append(ContentsRule((earlier.title, "contents-entry: part", "")))
        found[start.position] = start
    return sorted(found.values(), key=lambda start: start.position)


def _with_parts_opened(chapters: list[Chapter], starts: list[_Start], left_out: list[ContentsRule]) -> list[Chapter]:
    """The chapters, with the page of a part, which is a heading only, as the opening of the part's first chapter."""
    ready: list[Chapter] = []
    waiting: list[Block] = []
    for index, (chapter, start) in enumerate(zip(chapters, starts, strict=True)):
        is_page = start.has_parts and sum(len(block.text) for block in chapter.kept) <= _LONGEST_PART_PAGE
        if is_page and index + 1 < len(chapters):
            left_out.append(ContentsRule((start.title, "contents-entry: part", "")))
            waiting += chapter.blocks
            continue
        ready.append(replace(chapter, blocks=[*waiting, *chapter.blocks]))
        waiting = []
    return ready


def with_kinds(chapters: list[Chapter]) -> list[Chapter]:
    """The chapters, each with its kind: front, chapter or back; and its number."""
    body = [index for index, chapter in enumerate(chapters) if _matter(chapter) == "chapter"]
    first, last = (body[0], body[-1]) if body else (0, len(chapters))
    listed = next((index for index, chapter in enumerate(chapters) if chapter.is_listed), 0)
    found = []
    for index, chapter in enumerate(chapters):
        kind = "front" if index < listed else _matter(chapter)
        title = chapter.title.casefold()
        if kind == "either":
            kind = "back" if index > last or (index > first and _BACK.match(title)) else "front"
        if kind == "chapter" and not _CHAPTER.search(chapter.title):
            kind = "front" if index <= first and _FRONT.search(title) else kind
            kind = "back" if index >= last and _BACK.search(title) else kind
        found.append(replace(chapter, kind=kind, number=index + 1))
    return found


def _matter(chapter: Chapter) -> str:
    """The kind that the source gives the chapter, or that its title says; `either` where the place decides."""
    said = next((block.matter for block in chapter.kept), "")
    title = chapter.title.casefold()
    if said in ("front", "back"):
        return said
    if not said and _FRONT.match(title):
        return "either"
    return "back" if not said and _BACK.match(title) else "chapter"
