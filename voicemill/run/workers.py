"""Working through many things with a bounded number of hands."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator
from itertools import chain, islice
from typing import TypeVar

T = TypeVar("T")


async def run_concurrently(things: Iterable[T], hands: int, work: Callable[[T], Awaitable[None]]) -> None:
    """Do `work` for each thing, at most `hands` at a time; a free hand takes the next thing at once.

    `things` is read only as hands become free. After the first error no hand takes anything new, those at work finish
    (a call under way is paid for), and the error is raised.
    """
    iterator = iter(things)
    head = list(islice(iterator, 2))
    if len(head) < 2 or hands == 1:
        for thing in chain(head, iterator):
            await work(thing)
        return
    errors: list[Exception] = []
    await asyncio.gather(*_hands(chain(head, iterator), hands, work, errors))
    if errors:
        raise errors[0]


def _hands(
    queue: Iterator[T], count: int, work: Callable[[T], Awaitable[None]], errors: list[Exception]
) -> Iterator[Awaitable[None]]:
    async def hand() -> None:
        while not errors:
            try:
                thing = next(queue)
            except StopIteration:
                return
            try:
                await work(thing)
            except Exception as error:
                errors.append(error)

    return (hand() for _ in range(count))
