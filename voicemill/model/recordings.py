"""Audio that goes in: whole files, and stretches of them."""

from dataclasses import dataclass
from typing import NamedTuple


class FileState(NamedTuple):
    """What changes when a file does."""

    size_bytes: int
    mtime_ns: int
    inode: int


@dataclass(frozen=True, slots=True)
class Recording:
    """An audio file that a row takes in: where it was found (`path`, absolute), and what it is.

    `container` and `encoding` are what FFmpeg's demuxer and its decoder are called, with the family of MP4 and that of
    Matroska told apart: `mp4`, `m4a`, `mov`, `mkv`, `webm`.
    `size_bytes`, `mtime_ns` and `inode` tell whether it is still the same; without a time, that is not watched.
    `address` is where the file came from, if from another machine.
    Where `made_by` is the id of another row, the file is that row's output: all else is empty until that row is done.
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

    @property
    def name(self) -> str:
        """As a manifest names it."""
        return f"@{self.made_by}" if self.made_by else self.address or self.path

    def clip(self, start_s: float = 0.0, stop_s: float | None = None) -> "Clip":
        """The stretch from `start_s` to `stop_s` (None: to the end), in seconds."""
        length_s = max(0.0, (self.duration_s if stop_s is None else stop_s) - start_s)
        state = FileState(self.size_bytes, self.mtime_ns, self.inode) if self.mtime_ns else None
        return Clip(self.sha256, start_s, stop_s, self.path, length_s, state)


class Inspected(NamedTuple):
    """What a file was found to be: a recording, or the code and the reason why it is none."""

    recording: Recording | None
    code: str = ""
    why: str = ""


@dataclass(frozen=True, slots=True)
class Clip:
    """A stretch of a recording, told by the digest of the whole file: the same content is asked about once.

    `path` and `duration_s` say where it lies and how long it is, `state` how the file was when it was
    inspected; they are no part of a question.
    """

    sha256: str
    start_s: float = 0.0
    stop_s: float | None = None
    path: str = ""
    duration_s: float = 0.0
    state: FileState | None = None

    @property
    def is_whole(self) -> bool:
        """Whether this is all of the file."""
        return self.start_s == 0.0 and self.stop_s is None

    @property
    def identity(self) -> tuple[str, float, float | None]:
        """What tells one stretch of audio from another."""
        return self.sha256, self.start_s, self.stop_s
