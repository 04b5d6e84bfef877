"""The recordings that a row processes."""

from dataclasses import dataclass
from typing import Final

from voicemill.model.recordings import Recording


@dataclass(frozen=True, slots=True)
class SourceAudio:
    """The recordings that a row processes: one of which it may use only a passage, or those on both sides of a gap."""

    audio: Recording | None = None
    """The recording to transcribe, to convert or to insert a passage into."""
    left: Recording | None = None
    right: Recording | None = None
    """The recordings before and after an inserted passage."""
    from_s: float | None = None
    to_s: float | None = None
    """The passage of `audio` to transcribe, to convert or to replace."""
    boundaries_s: tuple[float, ...] = ()
    """The boundaries of the segments of `audio` to send, or of the gap; empty if the whole recording is sent."""
    reference: str = ""
    """The known text of `audio`, with which its transcript is compared."""

    @property
    def recordings(self) -> tuple[Recording, ...]:
        """The audio files."""
        return tuple(recording for recording in (self.audio, self.left, self.right) if recording is not None)

    @property
    def segments_s(self) -> tuple[tuple[float, float], ...]:
        """The segments of `audio` to send, as pairs of start and end."""
        return tuple(zip(self.boundaries_s[::2], self.boundaries_s[1::2], strict=True))

    @property
    def sent_s(self) -> float:
        """The length of the segments to send, or of the whole recording."""
        if self.boundaries_s:
            return sum(stop_s - start_s for start_s, stop_s in self.segments_s)
        return self.audio.duration_s if self.audio else 0.0

    @property
    def is_passage(self) -> bool:
        """Whether only a passage of `audio` is transcribed, converted or replaced."""
        return self.from_s is not None or self.to_s is not None

    @property
    def passage_s(self) -> tuple[float, float]:
        """Start and end of the part of `audio` that is transcribed or converted: a passage, or all of it."""
        length_s = self.audio.duration_s if self.audio else 0.0
        return self.from_s or 0.0, min(length_s, length_s if self.to_s is None else self.to_s)

    @property
    def gap_s(self) -> tuple[float, float]:
        """Start and end of the gap for a new passage: `from_s` and `to_s`, or the nearest pauses."""
        return self.segments_s[0] if self.boundaries_s else (self.from_s or 0.0, self.to_s or 0.0)


NO_SOURCE: Final = SourceAudio()
"""The source of a row that processes no recording."""
