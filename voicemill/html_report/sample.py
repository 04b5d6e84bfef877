"""The rows of a report that carries its audio: those that need attention first, then rows spread over the table."""

from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Final

from voicemill.html_report.findings import Finding
from voicemill.model import Op
from voicemill.store.results_folder import ResultsFolder
from voicemill.store.tables.item_columns import text_batches

_MOST_PER_FINDING: Final = 20
_MOST_ROWS: Final = 500


def sample_rows(results: ResultsFolder, findings: Iterable[Finding], most_bytes: int) -> frozenset[int]:
    """Positions of at most 500 rows whose audio files have at most `most_bytes` together."""
    sizes = [
        0 if op == Op.STT else size or 0
        for columns in text_batches(results.items, ("op", "size_bytes"))
        for op, size in zip(columns["op"], columns["size_bytes"], strict=True)
    ]
    urgent = chain.from_iterable(finding.rows[:_MOST_PER_FINDING] for finding in findings)
    chosen: dict[int, None] = {}
    left = most_bytes
    for row in chain(urgent, _spread(len(sizes))):
        if len(chosen) < _MOST_ROWS and row not in chosen and sizes[row] <= left:
            chosen[row] = None
            left -= sizes[row]
    return frozenset(chosen)


def _spread(count: int) -> Iterator[int]:
    """All positions, evenly spaced ones first."""
    step = max(1, count // _MOST_ROWS)
    for first in range(step):
        yield from range(first, count, step)
