"""Bounded concurrency: process many items with a fixed number of workers in one event loop."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator
from itertools import chain, islice
from typing import TypeVar

T = TypeVar("T")


async def run_concurrently(items: Iterable[T], workers: int, work: Callable[[T], Awaitable[None]]) -> None:
    """Await `work` for each item, at most `workers` at a time.

    `items` is read only as workers become free. After the first error no worker takes a new item, those at work finish
    (a call in flight is billed anyway), and the error is raised.
    """
    iterator = iter(items)
    head = list(islice(iterator, 2))
    if len(head) < 2 or workers == 1:
        for item in chain(head, iterator):
            await work(item)
        return
    errors: list[Exception] = []
    await asyncio.gather(*_workers(chain(head, iterator), workers, work, errors))
    if errors:
        raise errors[0]


def _workers(
    queue: Iterator[T], count: int, work: Callable[[T], Awaitable[None]], errors: list[Exception]
) -> Iterator[Awaitable[None]]:
    async def worker() -> None:
        while not errors:
            try:
                item = next(queue)
            except StopIteration:
                return
            try:
                await work(item)
            except Exception as error:
                errors.append(error)

    return (worker() for _ in range(count))
