"""Input recordings, and clips of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, Self


class FileState(NamedTuple):
    """The file attributes that show whether a file has changed."""

    size_bytes: int
    mtime_ns: int
    inode: int


class Mark(NamedTuple):
    """A packet of an audio track from which decoding can start.

    `pts` is the time stamp of its first frame and `origin` the time stamp of second 0, both in the track's time base.
    `position` is the frame's position in samples, and `checksum` the CRC-32 of the packet.
    """

    pts: int
    origin: int
    position: int
    checksum: int


@dataclass(frozen=True, slots=True)
class Reading:
    """How a recording is decoded.

    `track` counts the audio tracks from 0. `channel` is the only channel to use, or None to mix all of them.
    A recording `is_plain` if its only track starts with the file, has no gaps and decodes without errors. It
    `is_uploadable` if the service decodes the file to the same audio.
    `samples` is the decoded length at `sample_rate_hz`, or 0 if unknown.
    """

    track: int = 0
    channel: int | None = None
    is_plain: bool = True
    is_uploadable: bool = True
    samples: int = 0
    sample_rate_hz: int = 0
    marks: tuple[Mark, ...] = ()

    @property
    def variant(self) -> str:
        """Describes how the audio differs from that of a plain recording; part of the keys of calls."""
        parts = [] if self.is_plain else ["timeline"]
        if self.track:
            parts.append(f"track {self.track}")
        if self.channel is not None:
            parts.append(f"channel {self.channel}")
        return ", ".join(parts)

    def mark_before(self, position: int) -> Mark | None:
        """The last mark at or before `position`, in samples."""
        return next((mark for mark in reversed(self.marks) if mark.position <= position), None)

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Self:
        """A reading from the dictionary that `dataclasses.asdict` makes of it."""
        return cls(**{**record, "marks": tuple(Mark(*mark) for mark in record["marks"])})


PLAIN: Reading = Reading()
"""How a recording is decoded before it was inspected."""


@dataclass(frozen=True, slots=True)
class Recording:
    """An audio file that a row uses: its absolute path, and what it contains.

    `duration_s` is the decoded length. `claimed_s` is the length that the container of a plain recording claims, 0 if
    that is too short. `damaged_s` is the part of the recording that could not be decoded.
    `container` and `encoding` are FFmpeg's names of the demuxer and the decoder, except that the MP4 family is split
    into `mp4`, `m4a` and `mov`, and the Matroska family into `mkv` and `webm`. `tracks` counts the audio tracks.
    `channels` and `language` are those of the track in use, 0 and empty if they are unknown.
    `size_bytes`, `mtime_ns` and `inode` show whether the file has changed; without `mtime_ns` that is not checked.
    `address` is the URL from which the file was downloaded.
    `made_by` is the id of another row if the file is that row's output; the other fields are then empty until that row
    is done.
    """

    path: str = ""
    sha256: str = ""
    size_bytes: int = 0
    duration_s: float = 0.0
    has_video: bool = False
    container: str = ""
    encoding: str = ""
    sample_rate_hz: int = 0
    made_by: str = ""
    address: str = ""
    mtime_ns: int = 0
    inode: int = 0
    claimed_s: float = 0.0
    damaged_s: float = 0.0
    tracks: int = 1
    channels: int = 0
    language: str = ""
    reading: Reading = PLAIN

    @property
    def name(self) -> str:
        """The recording as a manifest names it."""
        return f"@{self.made_by}" if self.made_by else self.address or self.path

    @property
    def end_s(self) -> float:
        """The end of the recording in segments and keys: the claimed one, as in earlier versions, or else the real one.

        It may be after the last sample.
        """
        return self.claimed_s or self.duration_s

    def clip(self, start_s: float = 0.0, stop_s: float | None = None) -> "Clip":
        """The clip from `start_s` to `stop_s`, in seconds; None is the end."""
        is_to_end = stop_s is None or stop_s >= min(self.end_s, self.duration_s)
        length_s = max(0.0, (self.duration_s if is_to_end or stop_s is None else stop_s) - start_s)
        state = FileState(self.size_bytes, self.mtime_ns, self.inode) if self.mtime_ns else None
        return Clip(self.sha256, start_s, stop_s, self.path, length_s, state, self.reading, is_to_end)

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Self:
        """A recording from the dictionary that `dataclasses.asdict` makes of it. Raises `TypeError` for others."""
        reading = record.get("reading")
        return cls(**{**record, "reading": Reading.from_record(reading) if reading else PLAIN})


class Inspected(NamedTuple):
    """The result of inspecting a file: a recording, or a code and the reason why the file is not one."""

    recording: Recording | None
    code: str = ""
    why: str = ""


@dataclass(frozen=True, slots=True)
class Clip:
    """A segment of a recording, identified by the SHA-256 of the file, so that equal content is requested once.

    The remaining fields are not part of the identity: `path` and `duration_s`, the `state` of the file when it was
    inspected, how it is decoded, and whether the clip extends to the end of the recording.
    """

    sha256: str
    start_s: float = 0.0
    stop_s: float | None = None
    path: str = ""
    duration_s: float = 0.0
    state: FileState | None = None
    reading: Reading = PLAIN
    is_to_end: bool = False

    @property
    def is_whole(self) -> bool:
        """Whether this is the whole recording."""
        return self.start_s == 0.0 and self.stop_s is None

    @property
    def is_file(self) -> bool:
        """Whether the file itself can be uploaded."""
        return self.is_whole and self.reading.is_uploadable

    @property
    def identity(self) -> tuple[str, float, float | None] | tuple[str, float, float | None, str]:
        """The part of a call's key that identifies the clip."""
        variant = self.reading.variant
        plain = self.sha256, self.start_s, self.stop_s
        return (*plain, variant) if variant else plain
