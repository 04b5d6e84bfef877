"""The formats of the files that a row requests."""

from dataclasses import dataclass

from voicemill.model.audio_formats import AudioFormat, SourceFormat
from voicemill.model.transcripts import UNTIMED_FORMATS


@dataclass(frozen=True, slots=True)
class RequestedOutput:
    """The formats of a row's audio and text files, and what they contain."""

    format: AudioFormat | None = None
    """The audio format to request from the service; None for a transcript, which is no audio."""
    source_format: SourceFormat | None = None
    """The format of the audio file if it keeps that of its source recording, else None."""
    splice: bool = True
    """Whether the output of an infill is the edited recording, or only the new passage."""
    timestamps: bool = False
    """Whether word timestamps are requested for generated speech."""
    text_formats: tuple[str, ...] = ()
    """The requested transcript and subtitle formats."""

    @property
    def audio_format(self) -> AudioFormat:
        """The audio format to request from the service. Raises `ValueError` for a transcript."""
        if self.format is None:
            raise ValueError("a transcript has no audio format")
        return self.format

    @property
    def sample_rate_hz(self) -> int | None:
        """The sample rate of the audio file; None for a transcript."""
        made = self.source_format or self.format
        return made.sample_rate_hz if made else None

    @property
    def needs_word_timestamps(self) -> bool:
        """Whether word timestamps are needed: always for a transcript, and for subtitles of generated speech."""
        return self.format is None or self.timestamps or not UNTIMED_FORMATS.issuperset(self.text_formats)
