"""Read an audio track on its timeline, from its start or from a mark."""

from collections.abc import Iterator
from fractions import Fraction
from itertools import chain, islice
from typing import Final, NamedTuple, cast

import av
from av.audio.codeccontext import AudioCodecContext
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.stream import Disposition
from av.video.stream import VideoStream

from voicemill.audio.damage import DamageMeter
from voicemill.audio.marks import MarkRecorder
from voicemill.audio.packets import DecodedPacket, decoded_packets
from voicemill.audio.timeline import OF_BROADCASTS, OF_FILES, OF_OGG, Clock, Placement
from voicemill.model.recordings import Mark

LOWEST_RATE_HZ: Final = 1000
HIGHEST_RATE_HZ: Final = 768_000
"""Sample rates that recordings have. A header may claim 1 Hz, and a few kilobytes would become hours."""

_JUMPS: Final = {"mpegts": OF_BROADCASTS, "mpeg": OF_BROADCASTS, "ogg": OF_OGG}
_EXACT_CLAIMS: Final = frozenset({"mov", "wav", "w64", "flac", "aiff", "au", "caf", "wv", "nistsphere"})
"""Containers whose headers count the samples of a track."""
_CLAIM_SLACK_S: Final = 0.25
_LEAD_S: Final = 1.0
"""How much is decoded before a mark: decoders need what came before, as MP3 needs its bit reservoir."""
_COUNTED_FORMATS: Final = frozenset({"aac", "ogg"})
"""Formats whose time stamps FFmpeg counts in samples, so that they are wrong from a change of the sample rate on."""
_SEARCHED_PACKETS: Final = 4096
_NO_CHECKSUM: Final = -1


class UndecodableAudio(ValueError):
    """The file has no audio that can be decoded; the text says why."""


class PlacedFrame(NamedTuple):
    """A frame, the samples of silence before it, and how many of its first samples are not played."""

    frame: AudioFrame
    silence: int
    dropped: int


class Playback:
    """One pass over an audio track, in the order in which a player plays it.

    Positions count samples at `sample_rate_hz`, the rate of the first frame. With the last frame `position` is the
    length of the track. `is_regular` tells whether every frame followed the one before it, from second 0 on.
    """

    def __init__(self, container: InputContainer, track: int = 0) -> None:
        if track >= len(container.streams.audio):
            raise UndecodableAudio(f"the file has no audio track {track + 1}" if track else "the file has no audio")
        self.stream: AudioStream = container.streams.audio[track]
        if cast("AudioCodecContext | None", self.stream.codec_context) is None:
            raise UndecodableAudio("the file does not tell how its audio is encoded")
        self.is_regular = True
        self._container = container
        self._format = container.format.name.partition(",")[0]
        self._tick_s = self.stream.time_base or Fraction(1, av.time_base)
        self._damage = DamageMeter(self._format, len(container.streams), self._tick_s)
        self._first_failed_pts: int | None = None
        self._has_two_rates = False
        self._clock: Clock | None = None
        self._marks: MarkRecorder | None = None

    @property
    def sample_rate_hz(self) -> int:
        """The rate of the first frame, 0 before it."""
        return self._clock.sample_rate_hz if self._clock else 0

    @property
    def position(self) -> int:
        """The number of samples so far, silence included."""
        return self._clock.position if self._clock else 0

    @property
    def origin_s(self) -> float:
        """The time stamp of second 0."""
        return float(self._clock.origin * self._tick_s) if self._clock else 0.0

    @property
    def stated_s(self) -> float:
        """The length of the track that the container states; 0 if it states none.

        FFmpeg counts it from 0 where the first fragment of an MP4 file is from the middle of a broadcast.
        """
        ticks = self.stream.duration or 0
        if self.stream.frames == 0 and self._format == "mov" and ticks > (start := self.stream.start_time or 0):
            ticks -= start
        return float(ticks * self._tick_s)

    @property
    def damaged_s(self) -> float:
        """The seconds so far that could not be decoded, or whose packets came too late to be played."""
        late_s = self._clock.late_samples / self._clock.sample_rate_hz if self._clock else 0.0
        return self._damage.lost_s + late_s

    @property
    def last_packet(self) -> range:
        """Where in the file the last packet so far is; empty where the container does not tell."""
        return self._damage.last_packet

    @property
    def is_damaged_inside(self) -> bool:
        """Whether sound follows after something that could not be decoded, or is not in its order."""
        return self._damage.is_inside or (self._clock is not None and self._clock.late_samples > 0)

    @property
    def marks(self) -> tuple[Mark, ...]:
        """Where reading can start; none where the time stamps restart, as they do in joined files."""
        return () if self._clock is None or self._clock.has_restarted or not self._marks else self._marks.marks

    def frames(self) -> Iterator[PlacedFrame]:
        """The frames from the start of the track. Raises `UndecodableAudio` where none can be decoded."""
        return self._placed(decoded_packets(self._container, self.stream))

    def frames_from(self, mark: Mark, sample_rate_hz: int) -> Iterator[PlacedFrame] | None:
        """The frames from `mark` on, or None where the container does not seek to it.

        `sample_rate_hz` is that of the track's first frame.
        """
        try:
            self._container.seek(max(0, mark.pts - round(_LEAD_S / self._tick_s)), stream=self.stream)
        except av.error.FFmpegError:
            return None
        packets = decoded_packets(self._container, self.stream)
        for packet in islice(packets, _SEARCHED_PACKETS):
            clock = self._clock_at(mark, packet, sample_rate_hz)
            if clock is not None:
                self._clock = clock
                return self._placed(chain([packet], packets))
        return None

    def frames_from_sample(self, start_s: float) -> Iterator[PlacedFrame] | None:
        """The frames from shortly before `start_s` on, or None unless the track is uncompressed and exact seeks work.

        For plain recordings only.
        """
        sample_rate_hz = self.stream.codec_context.sample_rate
        position = round(start_s * sample_rate_hz)
        if start_s <= _LEAD_S or not self._has_exact_seek() or self.stream.start_time not in (None, 0):
            return None
        return self.frames_from(Mark(position, 0, position, _NO_CHECKSUM), sample_rate_hz)

    def frames_near(self, start_s: float) -> Iterator[PlacedFrame]:
        """The frames from about a second before `start_s`, at the positions that their time stamps state.

        These are less precise than those of the other methods. For plain recordings only.
        """
        if start_s > _LEAD_S and self._format != "mpeg":  # FFmpeg finds no positions in MPEG program streams.
            self._container.seek(int((start_s - _LEAD_S) * av.time_base))
        packets = decoded_packets(self._container, self.stream)
        for packet in packets:
            if packet.frames:
                start, first = self.stream.start_time or 0, packet.frames[0]
                at_s = float(((first.pts if first.pts is not None else start) - start) * self._tick_s)
                self._clock = self._new_clock(first.sample_rate, start, round(at_s * first.sample_rate))
                yield from self._placed(chain([packet], packets))
                return

    def _clock_at(self, mark: Mark, packet: DecodedPacket, rate_hz: int) -> Clock | None:
        """The clock for the first frame of `packet`, where that tells its position."""
        if not packet.frames or packet.frames[0].pts is None:
            return None
        shift = packet.frames[0].pts - mark.pts
        if self._has_exact_seek():
            return self._new_clock(rate_hz, mark.origin, mark.position + shift) if -mark.position <= shift else None
        if packet.checksum == mark.checksum:
            return self._new_clock(rate_hz, mark.origin + shift, mark.position)
        return None

    def _has_exact_seek(self) -> bool:
        """Samples without compression are cut into other packets after a seek, but their time stamps count them."""
        is_pcm = self.stream.codec_context.name.startswith("pcm_")
        return is_pcm and self._tick_s == Fraction(1, self.stream.codec_context.sample_rate)

    def _placed(self, packets: Iterator[DecodedPacket]) -> Iterator[PlacedFrame]:
        for packet in packets:
            if packet.has_failed:
                self._damage.add_failed(packet)
                if self._clock is None and self._first_failed_pts is None:
                    self._first_failed_pts = packet.pts
                continue
            self._damage.add_decoded(packet)
            for frame in packet.frames:
                yield PlacedFrame(frame, *self._place(frame, packet))
        if self._clock is None:
            raise UndecodableAudio("the file has no audio that can be decoded")
        self._damage.finish(self._missing_s(), self._frames_bytes())

    def _place(self, frame: AudioFrame, packet: DecodedPacket) -> Placement:
        is_first = self._clock is None
        clock = self._clock = self._clock or self._first_clock(frame)
        samples, pts = frame.samples, frame.pts
        if frame.sample_rate != clock.sample_rate_hz:
            samples = round(samples * clock.sample_rate_hz / frame.sample_rate)
            self._has_two_rates = True
        if self._has_two_rates and self._format in _COUNTED_FORMATS:
            pts = None
        mark = None if pts is None else Mark(pts, clock.origin, clock.position, packet.checksum)
        placement = clock.place(pts, samples, packet.checksum)
        self._damage.add_frame(placement.silence / clock.sample_rate_hz, is_first=is_first)
        is_regular = placement == Placement() and not clock.has_restarted
        self.is_regular = self.is_regular and is_regular
        if mark is not None and frame is packet.frames[0]:
            self._marks = self._marks or MarkRecorder(clock.sample_rate_hz)
            self._marks.add(mark, is_candidate=is_regular)
        return placement

    def _first_clock(self, frame: AudioFrame) -> Clock:
        if not LOWEST_RATE_HZ <= frame.sample_rate <= HIGHEST_RATE_HZ:
            raise UndecodableAudio(f"its sample rate of {frame.sample_rate} Hz is not that of a recording")
        return self._new_clock(frame.sample_rate, self._origin(frame.pts or 0), 0)

    def _new_clock(self, rate_hz: int, origin: int, position: int) -> Clock:
        return Clock(rate_hz, self._tick_s, origin, position, _JUMPS.get(self._format, OF_FILES))

    def _origin(self, first_pts: int) -> int:
        """The time stamp at which playback starts: that of the first picture or the first sound."""
        starts = [first_pts] if self._first_failed_pts is None else [first_pts, self._first_failed_pts]
        starts += [
            round(stream.start_time * stream.time_base / self._tick_s)
            for stream in self._container.streams.video
            if stream.start_time is not None and stream.time_base is not None and not is_cover(stream)
        ]
        origin = min(starts)
        return origin if (first_pts - origin) * self._tick_s <= OF_FILES.longest_hole_s else first_pts

    def _frames_bytes(self) -> int:
        """The size of an AAC file without tags. FFmpeg skips what is not a frame in it without an error."""
        return self._container.size if self._format == "aac" and not self._container.metadata else 0

    def _missing_s(self) -> float:
        """How much longer the container says that the track is."""
        if self._format not in _EXACT_CLAIMS:
            return 0.0
        missing_s = self.stated_s - self.position / self.sample_rate_hz
        return missing_s if missing_s > _CLAIM_SLACK_S else 0.0


def is_cover(stream: VideoStream) -> bool:
    """Whether a video stream is the cover picture of an album."""
    return bool(stream.disposition & Disposition.attached_pic)
