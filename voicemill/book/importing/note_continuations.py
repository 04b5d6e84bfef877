"""Find the paragraphs that continue a note: only its first one has a mark."""

from collections.abc import Iterator, Mapping
from typing import Final

from voicemill.book.importing.block_names import BLOCKS
from voicemill.book.importing.source import Document, Element, local_name

_HEADINGS: Final = ("h1", "h2", "h3", "h4", "h5", "h6")


def continuations(
    document: Document, rules: Mapping[Element, str], references: Mapping[Element, Element]
) -> Iterator[Element]:
    """The elements after a note that continue it. `references` has the link that leads to each note.

    Between two notes, they continue the first if the text refers to both notes before it. After the last, they do if
    the parent holds notes only.
    """
    notes = [each for each, rule in rules.items() if rule == "note" and each.getparent() is not None]
    parents = dict.fromkeys(each.getparent() for each in notes)
    within = [each for each in parents if each.getroottree().getroot() is document.root]
    if not within:
        return
    order = {element: position for position, element in enumerate(document.root.iter())}
    for parent in within:
        yield from _within(parent, rules, references, order)


def _within(
    parent: Element, rules: Mapping[Element, str], references: Mapping[Element, Element], order: Mapping[Element, int]
) -> Iterator[Element]:
    note: Element | None = None
    waiting: list[Element] = []
    is_open = has_notes_only = True
    for child in parent:
        if rules.get(child) == "note":
            if note is not None and order.get(references.get(child), -1) < order[note] and child in references:
                yield from waiting
            note, waiting, is_open = child, [], True
        elif local_name(child) in _HEADINGS:
            is_open = False
        elif note is None:
            has_notes_only = has_notes_only and not "".join(child.itertext()).strip()
        elif is_open and local_name(child) in BLOCKS and child not in rules:
            waiting.append(child)
    if note is not None and has_notes_only:
        yield from waiting
