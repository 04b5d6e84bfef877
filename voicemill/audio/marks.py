"""Marks: packets that are found again after a seek, so that a segment is read without decoding all before it.

Containers seek to a time, and some of them miss it by minutes. A mark is therefore recognized by the checksum of its
packet, which no other packet of the track has: packets of silence are often equal.
"""

from typing import Final

from voicemill.model.recordings import Mark

_EVERY_S: Final = 30.0
_MOST_MARKS: Final = 512
_SEEN_BITS: Final = 1 << 22
"""The size of the table of all checksums so far. A packet whose place in it is taken by another is not used."""


class MarkRecorder:
    """Chooses marks about every 30 s, at larger distances in recordings of more than four hours."""

    def __init__(self, sample_rate_hz: int) -> None:
        self._distance = round(_EVERY_S * sample_rate_hz)
        self._seen = bytearray(_SEEN_BITS // 8)
        self._marks: dict[int, Mark] = {}

    @property
    def marks(self) -> tuple[Mark, ...]:
        """The marks so far, in order."""
        return tuple(self._marks.values())

    def add(self, packet: Mark, *, is_candidate: bool) -> None:
        """Add the next packet. It is a candidate if its first frame was placed without a hole or an overlap."""
        self._marks.pop(packet.checksum, None)
        byte, bit = divmod(packet.checksum % _SEEN_BITS, 8)
        if is_candidate and self._is_far(packet) and not self._seen[byte] >> bit & 1:
            self._marks[packet.checksum] = packet
            if len(self._marks) > _MOST_MARKS:
                self._marks = dict(list(self._marks.items())[1::2])
                self._distance *= 2
        self._seen[byte] |= 1 << bit

    def _is_far(self, packet: Mark) -> bool:
        last = next(reversed(self._marks.values())).position if self._marks else 0
        return packet.position - last >= self._distance
