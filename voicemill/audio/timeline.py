"""The timeline of an audio track: where a player plays each decoded frame.

Second 0 is where playback of the file starts: the first picture or the first sound. A hole in the time stamps is
silence, an overlap is played once, and where the time stamps start again, as in joined files, playback goes on.
"""

from collections import deque
from fractions import Fraction
from typing import Final, NamedTuple

TOLERANCE_S: Final = 0.04
"""Time stamps this close to the counted samples are rounded or jittered, not a hole or an overlap."""

LONGEST_HOLE_S: Final = 24 * 3600.0
_LONGEST_HOLE_OF_A_BROADCAST_S: Final = 10.0
"""FFmpeg and players take a larger jump in a transport stream for a new start of the clock."""
_LONGEST_OVERLAP_S: Final = 1.0
_LONGEST_OVERLAP_OF_A_BROADCAST_S: Final = 0.2
_REMEMBERED_PACKETS: Final = 4096


class Placement(NamedTuple):
    """Samples of silence before a frame, and samples at its start that are not played."""

    silence: int = 0
    dropped: int = 0


class Clock:
    """Gives positions, in samples, to frames that arrive in order with their time stamps.

    `origin` is the time stamp of second 0, in units of `tick_s`, and `position` that of the next frame. In a broadcast
    stream the time stamps may start again at any moment.
    """

    def __init__(
        self, sample_rate_hz: int, tick_s: Fraction, origin: int, position: int = 0, *, is_broadcast: bool = False
    ) -> None:
        self.sample_rate_hz = sample_rate_hz
        self.origin = origin
        self.position = position
        self.has_restarted = False
        self._start = origin
        self._tick_s = tick_s
        self._longest_hole_s = _LONGEST_HOLE_OF_A_BROADCAST_S if is_broadcast else LONGEST_HOLE_S
        self._longest_overlap_s = _LONGEST_OVERLAP_OF_A_BROADCAST_S if is_broadcast else _LONGEST_OVERLAP_S
        self._recent: deque[tuple[int, int]] = deque(maxlen=_REMEMBERED_PACKETS)

    def place(self, pts: int | None, samples: int, checksum: int = 0) -> Placement:
        """Place a frame of `samples` samples and advance to its end. `checksum` is that of its packet."""
        placement = Placement() if pts is None else self._placement(pts, samples, checksum)
        self.position += placement.silence + samples - placement.dropped
        if pts is not None:
            self._recent.append((pts, checksum))
        return placement

    def _placement(self, pts: int, samples: int, checksum: int) -> Placement:
        ticks = pts - self.origin
        ahead_s = ticks * self._tick_s.numerator / self._tick_s.denominator - self.position / self.sample_rate_hz
        if abs(ahead_s) <= TOLERANCE_S:
            return Placement()
        if 0 < ahead_s <= self._longest_hole_s:
            return Placement(silence=round(ahead_s * self.sample_rate_hz))
        if ahead_s < 0 and self._is_overlap(pts, ahead_s, checksum):
            return Placement(dropped=min(samples, round(-ahead_s * self.sample_rate_hz)))
        self.origin = pts - round(Fraction(self.position, self.sample_rate_hz) / self._tick_s)
        self.has_restarted = True
        return Placement()

    def _is_overlap(self, pts: int, ahead_s: float, checksum: int) -> bool:
        """Whether sound comes again that was played already. Where the time stamps start again, it is new sound."""
        if abs(pts - self._start) * self._tick_s <= TOLERANCE_S:
            return False
        if -ahead_s <= self._longest_overlap_s:
            return True
        slack = TOLERANCE_S / self._tick_s
        is_repeated = any(other == checksum and abs(pts - at) <= slack for at, other in self._recent)
        self.has_restarted |= is_repeated
        return is_repeated
