"""The disk states that POSIX permits after a power cut at any point of a log of changes.

Synced changes are durable. Every later change is volatile: it may have reached the disk or not, independently of the
others and of their order. Content that was not synced may be new, old, empty, end at a page boundary, or have zeros in
some pages. A name that was created, renamed or removed after the last sync of its folder may be the new or the old one.
(Pillai et al., "All File Systems Are Not Created Equal", OSDI 2014.)
"""

import itertools
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from tests.faults.write_recorder import Op

PAGE_BYTES = 4096
SECTOR_BYTES = 512

Tree = dict[str, bytes | None]
"""The content of files, or None for folders, by path."""


@dataclass
class _File:
    durable: bytes = b""
    volatile: bytes = b""
    _found: tuple[bytes, bytes, list[bytes]] | None = None

    def outcomes(self) -> list[bytes]:
        """The possible contents after a power cut: the same objects until the file changes, to cache hashes."""
        if self._found is None or self._found[0] is not self.volatile or self._found[1] is not self.durable:
            self._found = (self.volatile, self.durable, self._outcomes())
        return self._found[2]

    def _outcomes(self) -> list[bytes]:
        new, old = self.volatile, self.durable
        if new == old:
            return [new]
        if len(new) == len(old) <= SECTOR_BYTES:  # written in place; a disk writes a sector completely or not at all
            return [new, old]
        kept = len(old) if new.startswith(old) else 0  # appending keeps the durable content
        cuts = range(-(-kept // PAGE_BYTES) * PAGE_BYTES, len(new), PAGE_BYTES)
        torn = [new[:cut] for cut in cuts]
        holed = [new[:cut] + bytes(min(PAGE_BYTES, len(new) - cut)) + new[cut + PAGE_BYTES :] for cut in cuts]
        return list(dict.fromkeys([new, old, new[:kept], *torn, *holed]))


@dataclass
class PowerLoss:
    """A disk that may lose power at any point of `log`; `before` is its durable content at the start."""

    before: Mapping[str, bytes | None]
    log: Sequence[Op]
    _files: dict[int, _File] = field(default_factory=dict)
    _names: dict[str, int | None] = field(default_factory=dict)
    _pending: list[Op] = field(default_factory=list)
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(-1, -1))

    def __post_init__(self) -> None:
        for name, content in self.before.items():
            self._names[name] = None if content is None else self._add(content)

    def _add(self, content: bytes) -> int:
        number = next(self._numbers)
        self._files[number] = _File(content, content)
        return number

    def states(self, dice: random.Random, *, per_point: int) -> Iterator[tuple[frozenset[str], Tree]]:
        """The acknowledged names and the possible trees after each change, at most `per_point` trees each."""
        acknowledged: set[str] = set()
        for op in self.log:
            if op.kind == "acknowledged":
                acknowledged.add(op.path)
            else:
                self._apply(op)
            for tree in self._trees(dice, per_point):
                yield frozenset(acknowledged), tree

    def state_after(self, part: float) -> Tree:
        """The tree after a kill (not a power cut) at this fraction of the log, with all changes until then."""
        until = [op for op in self.log if op.kind != "acknowledged"][: int(part * len(self.log))]
        killed = PowerLoss(self.before, until)
        for op in until:
            killed._apply(op)
        for op in killed._pending:
            killed._rename(killed._names, op)
        return _tree(killed._names, {number: file.volatile for number, file in killed._files.items()})

    def _apply(self, op: Op) -> None:
        match op.kind:
            case "content":
                self._file(op).volatile = op.content
            case "sync":
                file = self._file(op)
                file.durable = file.volatile
            case "sync_folder":
                folder = op.path
                for each in [each for each in self._pending if _folder(each.path) == folder]:
                    self._rename(self._names, each)
                    self._pending.remove(each)
            case _:
                if op.file:
                    self._file(op)
                self._pending.append(op)

    def _file(self, op: Op) -> _File:
        """The file of an operation. A file from before the log is looked up by its name."""
        if op.file not in self._files:
            there = self._names.get(op.path)
            before = self._files[there].durable if there is not None else b""
            self._files[op.file] = _File(before, before)
            if there is not None:
                self._names[op.path] = op.file
        return self._files[op.file]

    @staticmethod
    def _rename(names: dict[str, int | None], op: Op) -> None:
        match op.kind:
            case "create":
                names[op.path] = op.file
            case "mkdir":
                names[op.path] = None
            case "rename":
                names.pop(op.path, None)
                names[op.target] = op.file
            case "unlink" | "rmdir":
                names.pop(op.path, None)

    def _trees(self, dice: random.Random, most: int) -> Iterator[Tree]:
        waiting = {op.file for op in self._pending if op.file} | {n for n in self._names.values() if n is not None}
        contents = {number: self._file_of(number).outcomes() for number in sorted(waiting)}
        torn = [number for number, outcomes in contents.items() if len(outcomes) > 1]
        choices = [*(range(len(contents[number])) for number in torn), *(range(2) for _ in self._pending)]
        for choice in _combinations(choices, most, dice):
            picked = {number: outcomes[0] for number, outcomes in contents.items()}
            picked |= {number: contents[number][which] for number, which in zip(torn, choice, strict=False)}
            names = dict(self._names)
            for op, is_lost in zip(self._pending, choice[len(torn) :], strict=True):
                if not is_lost:
                    self._rename(names, op)
            yield _tree(names, picked)

    def _file_of(self, number: int) -> _File:
        return self._files.setdefault(number, _File())


def _folder(name: str) -> str:
    return str(PurePosixPath(name).parent)


def _combinations(choices: Sequence[range], most: int, dice: random.Random) -> Iterator[tuple[int, ...]]:
    """All combinations; if too many, a random selection, with all kept, all lost and each lost alone."""
    count = 1
    for choice in choices:
        count *= len(choice)
    if count <= most:
        yield from itertools.product(*choices)
        return
    drawn = [tuple(0 for _ in choices), tuple(1 for _ in choices)]
    drawn += [tuple(int(place == lost) for place in range(len(choices))) for lost in range(len(choices))]
    dice.shuffle(drawn)
    drawn = drawn[: (most + 1) // 2]
    while len(drawn) < most:
        drawn.append(tuple(dice.choice(choice) for choice in choices))
    yield from drawn


def _tree(names: Mapping[str, int | None], contents: Mapping[int, bytes]) -> Tree:
    tree: Tree = {}
    for name, number in sorted(names.items()):
        folder = _folder(name)
        if folder == "." or (folder in tree and tree[folder] is None):
            tree[name] = None if number is None else contents[number]
    return tree


def write_tree(tree: Tree, root: Path) -> None:
    """Write a tree to an empty folder on a real disk."""
    for name, content in tree.items():
        if content is None:
            (root / name).mkdir(mode=0o700)
        else:
            (root / name).write_bytes(content)
