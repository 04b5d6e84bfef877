"""Rows that take the output of other rows: in which order they can be made."""

from collections import defaultdict
from collections.abc import Collection, Mapping


def levels(takes: Mapping[str, Collection[str]]) -> dict[str, int]:
    """For the id of each row that takes others' outputs, how many steps must come first, from 1 on.

    `takes` gives the ids that such a row takes from; ids outside it take from none. Rows that wait for each other in a
    ring, and those that wait for them, have no level.
    """
    waiting_for = {row: {other for other in others if other in takes} for row, others in takes.items()}
    takers: dict[str, list[str]] = defaultdict(list)
    for row, others in waiting_for.items():
        for other in others:
            takers[other].append(row)
    ready = [row for row, others in waiting_for.items() if not others]
    found = dict.fromkeys(ready, 1)
    for row in ready:  # It grows as rows become ready.
        for taker in takers[row]:
            waiting_for[taker].discard(row)
            found[taker] = max(found.get(taker, 1), found[row] + 1)
            if not waiting_for[taker]:
                ready.append(taker)
    return {row: found[row] for row in ready}
