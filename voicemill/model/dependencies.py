"""The order in which rows can be made that use the output of other rows."""

from collections import defaultdict
from collections.abc import Collection, Mapping


def levels(dependencies: Mapping[str, Collection[str]]) -> dict[str, int]:
    """The level of each dependent row: 1 if its inputs have no dependencies, else one above the highest input level.

    `dependencies` maps the id of each dependent row to the ids of the rows whose output it uses. Rows in a circle, and
    rows that depend on one, have no level.
    """
    missing = {row: {other for other in inputs if other in dependencies} for row, inputs in dependencies.items()}
    dependents: dict[str, list[str]] = defaultdict(list)
    for row, inputs in missing.items():
        for other in inputs:
            dependents[other].append(row)
    ready = [row for row, inputs in missing.items() if not inputs]
    level = dict.fromkeys(ready, 1)
    for row in ready:  # The loop appends rows as they become ready.
        for dependent in dependents[row]:
            missing[dependent].discard(row)
            level[dependent] = max(level.get(dependent, 1), level[row] + 1)
            if not missing[dependent]:
                ready.append(dependent)
    return {row: level[row] for row in ready}
