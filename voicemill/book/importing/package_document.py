"""The package document of an EPUB: its items, its spine, its guide and its metadata."""

from collections.abc import Iterator
from typing import Final, NamedTuple

from voicemill.book.importing.source import Element, local_name, resolve

_AUTHOR: Final = "aut"


class Item(NamedTuple):
    """A file that the package lists. `fallback` is the id of the item to show where this one cannot be shown."""

    path: str
    media_type: str
    properties: frozenset[str]
    fallback: str


class Package:
    """The parsed package document: `items` by id, the ids of the spine with whether each is linear, and the documents
    that the guide names, each with its kind."""

    def __init__(self, root: Element, path: str) -> None:
        self.root, self.path = root, path
        found = {name: [*named(root, name)] for name in ("item", "itemref", "reference")}
        self.items: dict[str, Item] = {}
        for item in found["item"]:
            self.items.setdefault(item.get("id", ""), _item(item, path))
        self.spine = [(each.get("idref", ""), each.get("linear", "yes").lower() != "no") for each in found["itemref"]]
        references = found["reference"]
        self.guide = [(each.get("type", "").lower(), resolve(path, each.get("href", ""))) for each in references]

    def meta(self, name: str) -> str:
        """The first element of the Dublin Core with this name; empty if there is none."""
        return next((words for each in named(self.root, name) if (words := words_of(each))), "")

    def authors(self) -> str:
        """The creators, joined as people write them; without illustrators and others if some are named as authors."""
        creators = [(words, self._roles(each)) for each in named(self.root, "creator") if (words := words_of(each))]
        chosen = [words for words, roles in creators if _AUTHOR in roles] or [words for words, _ in creators]
        names = list(dict.fromkeys(chosen))
        return names[0] if len(names) == 1 else " and ".join([", ".join(names[:-1]), names[-1]]) if names else ""

    def _roles(self, creator: Element) -> set[str]:
        """The MARC codes of what a creator did; a creator without one is an author."""
        attributes = {value.strip().lower() for name, value in creator.attrib.items() if _bare(name) == "role"}
        refers = f"#{creator.get('id', '')}"
        refined = [
            words_of(each).lower()
            for each in named(self.root, "meta")
            if each.get("refines") == refers and each.get("property") == "role"
        ]
        return attributes.union(refined) or {_AUTHOR}


def _item(element: Element, path: str) -> Item:
    return Item(
        resolve(path, element.get("href", ""))[0],
        element.get("media-type", "").strip().lower(),
        frozenset(element.get("properties", "").split()),
        element.get("fallback", ""),
    )


def _bare(attribute: str) -> str:
    return attribute.rpartition("}")[2].rpartition(":")[2]


def named(root: Element, name: str) -> Iterator[Element]:
    """The elements below `root` with this local name."""
    return (element for element in root.iter() if local_name(element) == name)


def words_of(element: Element) -> str:
    """All text of an element, with single blanks."""
    return " ".join("".join(element.itertext()).split())
