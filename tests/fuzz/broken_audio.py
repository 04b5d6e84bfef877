"""Broken audio files: real files of each container with seeded mutations."""

import random
from collections.abc import Callable, Iterator
from itertools import count
from typing import NamedTuple

Mutation = Callable[[bytes, random.Random], bytes]

_EXTREMES = (0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)
_HEADER_BYTES = 512


class Broken(NamedTuple):
    """A broken file: its number, its original container and its mutation."""

    number: int
    container: str
    mutations: tuple[str, ...]
    content: bytes


def broken_files(whole: dict[str, bytes], seed: int, first: int = 0) -> Iterator[Broken]:
    """An endless sequence of broken files; number and seed alone determine each."""
    names = sorted(whole)
    for number in count(first):
        draw = random.Random(f"{seed}/{number}")
        container = names[number % len(names)]
        content, done = whole[container], []
        for name in draw.choices(sorted(MUTATIONS), k=draw.choice((1, 1, 1, 2, 3, 5))):
            content = MUTATIONS[name](content, draw)
            done.append(name)
        if draw.random() < 0.1:
            other = whole[draw.choice(names)]
            content = content[: draw.randrange(len(content) + 1)] + other[draw.randrange(len(other)) :]
            done.append("spliced")
        yield Broken(number, container, tuple(done), content)


def _place(content: bytes, draw: random.Random) -> int:
    """A random position; half of them in the header, which has sizes and types."""
    end = min(len(content), _HEADER_BYTES) if draw.random() < 0.5 else len(content)
    return draw.randrange(end) if end else 0


def _flipped(content: bytes, draw: random.Random) -> bytes:
    changed = bytearray(content)
    for _ in range(draw.choice((1, 4, 16, 64))):
        if changed:
            changed[_place(content, draw)] ^= 1 << draw.randrange(8)
    return bytes(changed)


def _noisy(content: bytes, draw: random.Random) -> bytes:
    """Replace a range with random bytes."""
    start, size = _place(content, draw), draw.choice((1, 4, 32, 512))
    return content[:start] + draw.randbytes(size) + content[start + size :]


def _cut(content: bytes, draw: random.Random) -> bytes:
    return content[: _place(content, draw)]


def _headless(content: bytes, draw: random.Random) -> bytes:
    return content[_place(content, draw) :]


def _extreme(content: bytes, draw: random.Random) -> bytes:
    """Replace a number with an extreme value."""
    start, size = _place(content, draw), draw.choice((1, 2, 4, 8))
    order = draw.choice(("little", "big"))
    value = draw.choice(_EXTREMES) % (1 << 8 * size)
    return content[:start] + value.to_bytes(size, "big" if order == "big" else "little") + content[start + size :]


def _repeated(content: bytes, draw: random.Random) -> bytes:
    start, size = _place(content, draw), draw.choice((4, 64, 1024))
    return content[:start] + content[start : start + size] * draw.choice((2, 8, 64)) + content[start + size :]


def _shortened(content: bytes, draw: random.Random) -> bytes:
    start, size = _place(content, draw), draw.choice((1, 4, 64, 1024))
    return content[:start] + content[start + size :]


def _zeroed(content: bytes, draw: random.Random) -> bytes:
    start, size = _place(content, draw), draw.choice((4, 64, 1024))
    return content[:start] + bytes(min(size, len(content) - start)) + content[start + size :]


def _lengthened(content: bytes, draw: random.Random) -> bytes:
    return content + draw.randbytes(draw.choice((1, 1000, 100_000)))


MUTATIONS: dict[str, Mutation] = {
    "flipped": _flipped,
    "noisy": _noisy,
    "cut": _cut,
    "headless": _headless,
    "extreme": _extreme,
    "repeated": _repeated,
    "shortened": _shortened,
    "zeroed": _zeroed,
    "lengthened": _lengthened,
}
