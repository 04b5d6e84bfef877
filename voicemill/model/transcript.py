"""What is said in a recording, and when."""

from dataclasses import dataclass

from voicemill.model.words import Word


@dataclass(frozen=True, slots=True)
class Segment:
    """A sentence, or what stands between two pauses.

    Its words are as the text has them: with the punctuation around them and the space before them, as Whisper's are.
    """

    start_s: float
    end_s: float
    text: str
    words: tuple[Word, ...] = ()


@dataclass(frozen=True, slots=True)
class Transcript:
    """All that is said: as text, word by word as the service told it, and in segments."""

    text: str
    language: str
    duration_s: float
    words: tuple[Word, ...]
    segments: tuple[Segment, ...]
