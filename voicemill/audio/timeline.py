"""The timeline of an audio track: where a player plays each decoded frame.

Second 0 is where playback of the file starts: the first picture or the first sound. A hole in the time stamps is
silence, an overlap is played once, and where the time stamps start again, as in joined files, playback goes on.
"""

from collections import deque
from fractions import Fraction
from typing import Final, NamedTuple

TOLERANCE_S: Final = 0.04
"""Time stamps this close to the counted samples are rounded or jittered, not a hole or an overlap."""

_REMEMBERED_PACKETS: Final = 4096
_REMEMBERED_HOLES: Final = 256


class Jumps(NamedTuple):
    """How the time stamps of a container may jump. Any other jump is a new start of the clock.

    With `may_repeat`, packets that come again with their time stamps are played once.
    """

    longest_hole_s: float = 24 * 3600.0
    longest_overlap_s: float = 1.0
    may_repeat: bool = True


OF_FILES: Final = Jumps()
OF_BROADCASTS: Final = Jumps(longest_hole_s=10.0, longest_overlap_s=0.2)
"""FFmpeg and players take a larger jump in a transport stream for a new start of the clock."""
OF_OGG: Final = Jumps(longest_overlap_s=0.0, may_repeat=False)
"""A joined Ogg file may start again at any time stamp, since FFmpeg counts the first page of the second file on."""


class Placement(NamedTuple):
    """Samples of silence before a frame, and samples at its start that are not played."""

    silence: int = 0
    dropped: int = 0


class Clock:
    """Gives positions, in samples, to frames that arrive in order with their time stamps.

    `origin` is the time stamp of second 0, in units of `tick_s`, and `position` that of the next frame. `late_samples`
    counts samples that arrive after the silence that was inserted for them, because their packets are out of order.
    """

    def __init__(
        self, sample_rate_hz: int, tick_s: Fraction, origin: int, position: int = 0, jumps: Jumps = OF_FILES
    ) -> None:
        self.sample_rate_hz = sample_rate_hz
        self.origin = origin
        self.position = position
        self.has_restarted = False
        self.late_samples = 0
        self._start = origin
        self._holes: deque[range] = deque(maxlen=_REMEMBERED_HOLES)
        self._tick_s = tick_s
        self._jumps = jumps
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
        if 0 < ahead_s <= self._jumps.longest_hole_s:
            self._holes.append(range(pts - round(Fraction(ahead_s) / self._tick_s), pts))
            return Placement(silence=round(ahead_s * self.sample_rate_hz))
        if ahead_s < 0 and self._is_overlap(pts, ahead_s, checksum):
            dropped = min(samples, round(-ahead_s * self.sample_rate_hz))
            self.late_samples += dropped if self._is_in_hole(pts) else 0
            return Placement(dropped=dropped)
        self.late_samples += samples if self._starts_hole(pts) else 0
        self._holes.clear()
        self.origin = pts - round(Fraction(self.position, self.sample_rate_hz) / self._tick_s)
        self.has_restarted = True
        return Placement()

    def _is_in_hole(self, pts: int) -> bool:
        slack = round(TOLERANCE_S / self._tick_s)
        return any(hole.start - slack <= pts < hole.stop - slack for hole in self._holes)

    def _starts_hole(self, pts: int) -> bool:
        """Whether a jump back leads to a hole inside the track, not to the start of a joined file."""
        slack = round(TOLERANCE_S / self._tick_s)
        return any(abs(hole.start - pts) <= slack < hole.start - self._start for hole in self._holes)

    def _is_overlap(self, pts: int, ahead_s: float, checksum: int) -> bool:
        """Whether sound comes again that was played already. Where the time stamps start again, it is new sound."""
        if abs(pts - self._start) * self._tick_s <= TOLERANCE_S:
            return False
        if -ahead_s <= self._jumps.longest_overlap_s:
            return True
        if not self._jumps.may_repeat:
            return False
        slack = TOLERANCE_S / self._tick_s
        is_repeated = any(other == checksum and abs(pts - at) <= slack for at, other in self._recent)
        self.has_restarted |= is_repeated
        return is_repeated
