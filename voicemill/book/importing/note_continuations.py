"""Find the paragraphs that continue a note, of which only the first has a mark."""

from collections.abc import Iterator, Mapping
from typing import Final

from voicemill.book.importing.block_names import BLOCKS
from voicemill.book.importing.source import Document, Element, local_name

_HEADINGS: Final = ("h1", "h2", "h3", "h4", "h5", "h6")


def continuations(
    document: Document, rules: Mapping[Element, str], references: Mapping[Element, Element]
) -> Iterator[Element]:
    """The elements after a note that continue it. `references` has the link that leads to each note, in reading order.

    Between two notes of the same kind, they continue the first if the text refers to both notes before it, to one right
    after the other. After the last, they do if the parent holds notes only.
    """
    notes = [each for each in references if each.getroottree().getroot() is document.root]
    if not notes:
        return
    order = {element: position for position, element in enumerate(document.root.iter())}
    places = {note: (number, order.get(link, -1)) for number, (note, link) in enumerate(references.items())}
    for parent in dict.fromkeys(each.getparent() for each in notes):
        yield from _within(parent, rules, order, places)


def _within(
    parent: Element,
    rules: Mapping[Element, str],
    order: Mapping[Element, int],
    places: Mapping[Element, tuple[int, int]],
) -> Iterator[Element]:
    note: Element | None = None
    waiting: list[Element] = []
    is_open = has_notes_only = True
    for child in parent:
        if rules.get(child) == "note" and child in places:
            if note is not None and _follows(child, note, places) and places[child][1] < order[note]:
                yield from waiting
            note, waiting, is_open = child, [], True
        elif local_name(child) in _HEADINGS:
            is_open = False
        elif any(each in rules for each in child.iter()):
            is_open = has_notes_only = False
        elif note is None:
            has_notes_only = has_notes_only and not "".join(child.itertext()).strip()
        elif is_open and local_name(child) in BLOCKS:
            waiting.append(child)
    if note is not None and has_notes_only:
        yield from waiting


def _follows(note: Element, before: Element, places: Mapping[Element, tuple[int, int]]) -> bool:
    """Whether a note looks like the one before it, and the text refers to it next."""
    is_alike = (local_name(note), note.get("class")) == (local_name(before), before.get("class"))
    return is_alike and places[note][0] == places[before][0] + 1
