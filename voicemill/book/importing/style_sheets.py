"""What the style sheets of a document hide, and what they display as blocks."""

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, Final, NamedTuple

_MOST_CHARACTERS: Final = 2_000_000
_DEEPEST: Final = 5
_MOST_COMPOUNDS: Final = 4
_MOST_AROUND: Final = 50
"""Elements around another that a selector is compared with."""
_COMMENT = re.compile(r"/\*.*?\*/|<!--|-->", re.DOTALL)
_HIDES = re.compile(r"(?:^|;)\s*(?:display\s*:\s*none|visibility\s*:\s*hidden)", re.IGNORECASE)
_IS_BLOCK = re.compile(r"(?:^|;)\s*display\s*:\s*(?:block|list-item|table|table-row|flex)\b", re.IGNORECASE)
_FLOATS = re.compile(r"(?:^|;)\s*float\s*:\s*(?:left|right)", re.IGNORECASE)
_SHOWN_AT_ALL = re.compile(r"(?:^|;)\s*(?:display|visibility)\s*:", re.IGNORECASE)
_IMPORTANT = re.compile(r"(?:display|visibility)\s*:[^;]*!\s*important", re.IGNORECASE)
_MEDIA: Final = "@media"
_ON_SCREENS: Final = (["all"], ["screen"], ["only", "all"], ["only", "screen"])
_NESTING: Final = ("@supports", "@layer")
_COMBINATOR = re.compile(r"\s*(>)\s*|\s+")
_COMPOUND = re.compile(r"(?P<tag>[a-zA-Z][\w-]*|\*)?(?P<rest>(?:[.#][\w-]+|\[[\w-]+(?:=[\"']?[\w -]*[\"']?)?\])*)")
_PART = re.compile(r"([.#])([\w-]+)|\[([\w-]+)(?:=[\"']?([\w -]*)[\"']?)?\]")
IMPORTED: Final = re.compile(
    r"@import\s+(?:url\()?\s*[\"']?([^\"')\s;]+)[\"']?\)?\s*(?:all|screen)?\s*;", re.IGNORECASE
)
"""The address of a style sheet that another one imports."""


class _Compound(NamedTuple):
    """A selector without combinators. `attributes` holds names with the value that they must have, or None for any."""

    tag: str
    classes: frozenset[str]
    ids: frozenset[str]
    attributes: tuple[tuple[str, str | None], ...]

    def matches(self, element: Any) -> bool:  # noqa: ANN401 - lxml has no types
        """Whether an element has the name, the classes, the id and the attributes."""
        is_named = self.tag in ("", _name(element)) and self.ids <= {element.get("id")}
        if not is_named or not self.classes <= set(element.get("class", "").split()):
            return False
        given = ((element.get(name), value) for name, value in self.attributes)
        return all(has is not None and value in (None, has) for has, value in given)

    def key(self) -> str:
        """What every element that matches has: an id, a class, a name, or nothing in particular."""
        found = [*(f"#{each}" for each in self.ids), *(f".{each}" for each in sorted(self.classes))]
        return found[0] if found else self.tag or "*"


class _Rule(NamedTuple):
    """A selector and what it says. `steps` go outwards from the element, each with whether it is the direct parent."""

    steps: tuple[tuple[_Compound, bool], ...]
    weight: tuple[bool, int, int, int, int]
    """Importance, specificity and place: of several rules for an element, the one with most weight counts."""
    hides: bool
    is_block: bool

    def matches(self, element: Any) -> bool:  # noqa: ANN401 - lxml has no types
        """Whether the selector means an element."""
        (first, _), *outer = self.steps
        return first.matches(element) and _has_around(element, outer)


class Styles:
    """The style sheets of a document, in order."""

    def __init__(self, sheets: Iterable[str] = ()) -> None:
        self._rules: dict[str, list[_Rule]] = {}
        for rule in _rules("\n".join(sheets)[:_MOST_CHARACTERS]):
            self._rules.setdefault(rule.steps[0][0].key(), []).append(rule)

    def hides(self, element: Any) -> bool:  # noqa: ANN401 - lxml has no types
        """Whether the element is not displayed. Its `style` counts more than the sheets, unless they insist."""
        rule, style = self._rule_for(element), element.get("style", "")
        if _SHOWN_AT_ALL.search(style) and not (rule and rule.weight[0]):
            return bool(_HIDES.search(style))
        return rule is not None and rule.hides

    def displays_as_block(self, element: Any) -> bool:  # noqa: ANN401 - lxml has no types
        """Whether the element begins a new line by its style; a floating one, such as a drop cap, does not."""
        if displays_as_block(element.get("style", "")):
            return True
        rule = self._rule_for(element)
        return rule is not None and rule.is_block

    def _rule_for(self, element: Any) -> _Rule | None:  # noqa: ANN401
        if not self._rules:
            return None
        keys = [f".{name}" for name in element.get("class", "").split()]
        keys += [f"#{element.get('id')}", _name(element), "*"]
        found = (rule for key in keys for rule in self._rules.get(key, ()) if rule.matches(element))
        return max(found, key=lambda rule: rule.weight, default=None)


def displays_as_block(style: str) -> bool:
    """Whether the declarations of a style begin a new line."""
    return bool(_IS_BLOCK.search(style)) and not _FLOATS.search(style)


def _has_around(element: Any, steps: Sequence[tuple[_Compound, bool]]) -> bool:  # noqa: ANN401
    """Whether the elements around one match the rest of a selector."""
    if not steps:
        return True
    (compound, is_parent), *rest = steps
    around = islice(element.iterancestors(), 1 if is_parent else _MOST_AROUND)
    return any(compound.matches(each) and _has_around(each, rest) for each in around)


def _name(element: Any) -> str:  # noqa: ANN401
    return str(element.tag).rpartition("}")[2].lower()


def _rules(sheet: str) -> Iterator[_Rule]:
    for place, (selectors, declarations) in enumerate(_blocks(_COMMENT.sub("", sheet), 0)):
        if not _SHOWN_AT_ALL.search(declarations):
            continue
        hides, is_block = bool(_HIDES.search(declarations)), displays_as_block(declarations)
        for selector in selectors.split(","):
            if steps := _steps(selector.strip()):
                weight = (bool(_IMPORTANT.search(declarations)), *_specificity(steps), place)
                yield _Rule(steps, weight, hides, is_block)


def _blocks(text: str, depth: int) -> Iterator[tuple[str, str]]:
    """The selectors and declarations of a style sheet; those for print and other conditions are passed over."""
    level = start = opened = 0
    for brace in re.finditer(r"[{}]", text):
        level += 1 if brace[0] == "{" else -1
        if brace[0] == "{" and level == 1:
            opened = brace.start()
        elif level <= 0:
            before = text[start:opened].rpartition(";")[2].strip()
            body, start, level = text[opened + 1 : brace.start()], brace.end(), 0
            if not before.startswith("@"):
                yield before, body
            elif depth < _DEEPEST and (before.startswith(_NESTING) or _is_for_screens(before.lower())):
                yield from _blocks(body, depth + 1)


def _is_for_screens(rule: str) -> bool:
    media = rule.removeprefix(_MEDIA).split(",")
    return rule.startswith(_MEDIA) and any(each.split() in _ON_SCREENS for each in media)


def _steps(selector: str) -> tuple[tuple[_Compound, bool], ...]:
    """The compounds of a selector from right to left, each with whether it is the parent of the one to its right.

    Empty for a selector with anything else, such as a pseudo-class.
    """
    pieces = _COMBINATOR.split(selector) if selector else []
    compounds, combinators = pieces[::2], pieces[1::2]
    found = [_compound(each) for each in compounds]
    known = [each for each in found if each is not None]
    if len(known) < len(found) or not 0 < len(known) <= _MOST_COMPOUNDS:
        return ()
    are_parents = [False, *(each == ">" for each in reversed(combinators))]
    return tuple(zip(reversed(known), are_parents, strict=True))


def _compound(text: str) -> _Compound | None:
    found = _COMPOUND.fullmatch(text)
    if not text or found is None:
        return None
    parts = _PART.findall(found["rest"])
    return _Compound(
        "" if found["tag"] in (None, "*") else found["tag"].lower(),
        frozenset(name for mark, name, *_ in parts if mark == "."),
        frozenset(name for mark, name, *_ in parts if mark == "#"),
        tuple((attribute, value or None) for mark, _, attribute, value in parts if not mark),
    )


def _specificity(steps: Iterable[tuple[_Compound, bool]]) -> tuple[int, int, int]:
    compounds = [compound for compound, _ in steps]
    classes = sum(len(each.classes) + len(each.attributes) for each in compounds)
    return sum(len(each.ids) for each in compounds), classes, sum(bool(each.tag) for each in compounds)
