"""Measure how much of an audio track is lost to damage."""

from fractions import Fraction
from typing import Final

from voicemill.audio.packets import DecodedPacket

_COUNTED_FORMATS: Final = frozenset({"mp3", "aac", "ac3", "eac3"})
"""Streams of frames without time stamps: how long a damaged part of them lasted follows from its size."""
_TIMED_FORMATS: Final = frozenset({"mov", "matroska", "avi", "flv", "asf"})
"""Containers in which a hole in the time stamps may be a pause of the recorder."""
_SKIPPED_BYTES: Final = 1024
"""More bytes than Matroska needs between two packets of its only track."""


class DamageMeter:
    """Adds up the seconds of a track that could not be decoded.

    `format_name` is FFmpeg's name of the container, `streams` the number of its streams. The damage `is_inside` if
    sound follows it. `last_packet` is where in the file the last packets are that have a position in common.
    """

    def __init__(self, format_name: str, streams: int, tick_s: Fraction) -> None:
        self.lost_s = 0.0
        self.is_inside = False
        self._is_counted = format_name in _COUNTED_FORMATS
        self._may_pause = format_name in _TIMED_FORMATS
        self._shows_skips = format_name == "matroska" and streams == 1
        self._tick_s = tick_s
        self._good_bytes = self._good_ticks = self._read_bytes = 0
        self._has_failed = False
        self._failed_s = self._failed_by_duration_s = 0.0
        self.last_packet = range(0)
        self._skipped_bytes = 0

    def add_decoded(self, packet: DecodedPacket) -> None:
        """Count a packet that was decoded."""
        self._good_bytes += packet.size_bytes
        self._good_ticks += packet.duration
        self._read_bytes += packet.size_bytes
        if packet.size_bytes:
            self._locate(packet.position, packet.size_bytes)

    def _locate(self, position: int | None, size_bytes: int) -> None:
        """Note where a packet is. Packets may share the position of the page, or have none, if they are part of one."""
        known = self.last_packet
        if position is None or (known and position == known.start):
            self.last_packet = range(known.start, known.stop + size_bytes) if known else known
            return
        self._skipped_bytes = position - known.stop if known else 0
        self.last_packet = range(position, position + size_bytes)

    def add_failed(self, packet: DecodedPacket) -> None:
        """Count a packet that could not be decoded."""
        duration_s = float(packet.duration * self._tick_s)
        self._read_bytes += packet.size_bytes
        self._has_failed = True
        self._failed_by_duration_s += duration_s
        self._failed_s += duration_s if packet.is_blank else max(duration_s, self._by_size_s(packet.size_bytes))

    def add_frame(self, silence_s: float, *, is_first: bool) -> None:
        """Count a decoded frame and the silence that was inserted before it."""
        may_be_late = self._may_pause or is_first
        is_skipped = self._shows_skips and self._skipped_bytes > _SKIPPED_BYTES
        if self._has_failed or (silence_s and (is_skipped or not may_be_late)):
            self.lost_s += max(silence_s, self._failed_s)
            self.is_inside = True
        self._has_failed = False
        self._failed_s = self._failed_by_duration_s = 0.0

    def finish(self, missing_s: float, frames_bytes: int) -> None:
        """Count the end. `missing_s` is how much longer the track should be; bytes after its sound may be no sound.

        `frames_bytes` is the size of a file that consists of the packets only, else 0.
        """
        self.lost_s += max(self._failed_by_duration_s, missing_s)
        unread_bytes = frames_bytes - self._read_bytes
        if unread_bytes > _SKIPPED_BYTES:
            self.lost_s += self._by_size_s(unread_bytes)

    def _by_size_s(self, size_bytes: int) -> float:
        if not self._is_counted or not self._good_bytes:
            return 0.0
        return size_bytes * float(self._good_ticks * self._tick_s) / self._good_bytes
