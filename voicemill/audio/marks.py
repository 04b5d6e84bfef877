"""Marks: packets that are found again after a seek, so that a stretch is read without decoding all before it.

Containers seek to a time, and some of them miss it. A mark is therefore recognised by the checksum of its packet, which
no other packet near it may have.
"""

from collections import Counter, deque
from typing import Final

from voicemill.model.recordings import Mark

_EVERY_S: Final = 30.0
_MOST_MARKS: Final = 512
_UNIQUE_AMONG: Final = 500
"""Packets before and after a mark that must differ from it."""


class MarkRecorder:
    """Chooses marks about every 30 s, at larger distances in recordings of more than four hours."""

    def __init__(self, sample_rate_hz: int) -> None:
        self._distance = round(_EVERY_S * sample_rate_hz)
        self._candidates: deque[Mark] = deque()
        self._counts: Counter[int] = Counter()
        self._marks: list[Mark] = []

    @property
    def marks(self) -> tuple[Mark, ...]:
        """The marks so far, in order."""
        return tuple(self._marks)

    def add(self, candidate: Mark) -> None:
        """Consider a packet whose first frame was placed without a hole or an overlap."""
        self._candidates.append(candidate)
        self._counts[candidate.checksum] += 1
        if len(self._candidates) <= 2 * _UNIQUE_AMONG:
            return
        self._consider(self._candidates[_UNIQUE_AMONG])
        oldest = self._candidates.popleft().checksum
        self._counts[oldest] -= 1
        if not self._counts[oldest]:
            del self._counts[oldest]

    def _consider(self, candidate: Mark) -> None:
        last = self._marks[-1].position if self._marks else 0
        if candidate.position - last < self._distance or self._counts[candidate.checksum] > 1:
            return
        self._marks.append(candidate)
        if len(self._marks) > _MOST_MARKS:
            self._marks = self._marks[1::2]
            self._distance *= 2
