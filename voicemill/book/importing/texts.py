"""The text file of a chapter, and where each of its blocks is in it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from voicemill.book.importing.chapters import Chapter
from voicemill.book.importing.walker import Block
from voicemill.text.speaker_markup import escaped


class MappedBlock(NamedTuple):
    """A block in a text file: `start` and `stop` count characters of the file. Empty `path`: not from the source."""

    chapter: str
    block: int
    text_file: str
    start: int
    stop: int
    document: str
    path: str
    level: int
    text: str


@dataclass(frozen=True, slots=True)
class ChapterText:
    """The text file of a chapter: `text` is its content; characters that would be read as markup are escaped."""

    id: str
    name: str
    text: str
    blocks: tuple[MappedBlock, ...]


def chapter_text(chapter: Chapter, chapter_id: str, name: str) -> ChapterText:
    """The text of a chapter's kept blocks, with the separators between them."""
    pieces: list[str] = []
    blocks: list[MappedBlock] = []
    length = 0
    for number, (separator, block) in enumerate(_separated(chapter.kept), start=1):
        written = escaped(block.text)
        pieces += [separator, written]
        start = length + len(separator)
        length = start + len(written)
        path = "" if block.is_added else block.path
        blocks.append(
            MappedBlock(chapter_id, number, name, start, length, block.document, path, block.level, block.text)
        )
    return ChapterText(chapter_id, name, "".join(pieces) + "\n", tuple(blocks))


def _separated(blocks: Sequence[Block]) -> Iterator[tuple[str, Block]]:
    for index, block in enumerate(blocks):
        yield (block.separator if index else ""), block
