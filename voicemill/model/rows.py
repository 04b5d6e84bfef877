"""Rows: the checked lines of a manifest."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from voicemill.model.audio_formats import AudioFormat, SourceFormat
from voicemill.model.checks import Check
from voicemill.model.operations import Op
from voicemill.model.recordings import Recording
from voicemill.model.spoken import Pronunciation, SpeakerPart, Speed
from voicemill.model.transcripts import UNTIMED_FORMATS, text_name


class Refusal(NamedTuple):
    """Why a row's file cannot be processed: a code for programs and a reason for people."""

    code: str
    why: str


@dataclass(frozen=True, slots=True)
class Row:
    """One checked line of a manifest, with everything that determines its calls and its files.

    Fields that an operation does not use are empty. `OPERATIONS` lists the operations that speak a text, make audio or
    process a recording.
    """

    number: int
    """The position among the data rows, from 1."""
    id: str
    op: Op
    file_name: str
    """The row's first file, relative to the results folder, with forward slashes."""

    transcript: str = ""
    """The text to speak; for `stt` the reference transcript. Empty until the row in `text` is done, if that is set."""
    text: Recording | None = None
    """The row whose transcript is spoken."""
    voice_id: str = ""
    model: str = ""
    language: str = ""
    speed: Speed | None = None
    emotion: tuple[str, ...] = ()

    format: AudioFormat | None = None
    """The audio format to request from the service."""
    source_format: SourceFormat | None = None
    """The format of the output file if it keeps that of `audio`, else None."""

    audio: Recording | None = None
    """The recording that `stt`, `voice_change` and `infill` process."""
    left: Recording | None = None
    right: Recording | None = None
    """The recordings before and after an inserted passage."""
    from_s: float | None = None
    to_s: float | None = None
    """The passage of `audio` to transcribe, to convert or to replace."""
    splice: bool = True
    """Whether the output of an infill is the edited recording, or only the new passage."""
    boundaries_s: tuple[float, ...] = ()
    """The boundaries of the segments of `audio` to send, or of the gap; empty if the whole recording is sent."""

    timestamps: bool = False
    """Whether word timestamps are requested for generated speech."""
    text_formats: tuple[str, ...] = ()
    """The requested transcript and subtitle formats."""
    check: Check = "off"
    """How the generated audio is checked."""
    max_takes: int = 1
    """How often a passage with a bad verdict is generated at most, including the first time."""
    allowed_words: tuple[str, ...] = ()
    """The words of the text that checks do not compare, in lower case."""

    refusal: Refusal | None = None
    """The reason why the row is not processed, or None; its inputs may then be missing."""
    parts: tuple[SpeakerPart, ...] = ()
    """The text by speaker, where several speak it; empty where one voice speaks all of it."""
    pronunciations: tuple[Pronunciation, ...] = ()
    """The pronunciations of words in the text."""
    carried: Mapping[str, Any] = field(default_factory=dict)
    """The columns that voicemill does not know, as text or as typed values of the manifest."""

    @property
    def text_names(self) -> tuple[str, ...]:
        """The paths of the row's text files, relative to the results folder."""
        return tuple(text_name(self.file_name, format) for format in self.text_formats)

    @property
    def needs_word_timestamps(self) -> bool:
        """Whether the row needs word timestamps; transcriptions always do."""
        is_timed = self.timestamps or not UNTIMED_FORMATS.issuperset(self.text_formats)
        return self.op is Op.STT or (self.op is Op.TTS and is_timed)

    @property
    def audio_format(self) -> AudioFormat:
        """The requested audio format of an audio operation. Raises `ValueError` for other rows."""
        if self.format is None:
            raise ValueError(f"{self.op} makes no audio")
        return self.format

    @property
    def sample_rate_hz(self) -> int | None:
        """The sample rate of the output file of an audio operation; None for other rows."""
        made = self.source_format or self.format
        return made.sample_rate_hz if made else None

    @property
    def segments_s(self) -> tuple[tuple[float, float], ...]:
        """The segments of `audio` to send, as pairs of start and end."""
        return tuple(zip(self.boundaries_s[::2], self.boundaries_s[1::2], strict=True))

    @property
    def is_passage(self) -> bool:
        """Whether only a passage of `audio` is transcribed or converted."""
        return self.op is not Op.INFILL and (self.from_s is not None or self.to_s is not None)

    @property
    def passage_s(self) -> tuple[float, float]:
        """Start and end of the part of `audio` that is transcribed or converted: a passage, or all of it."""
        length_s = self.audio.duration_s if self.audio else 0.0
        return self.from_s or 0.0, min(length_s, length_s if self.to_s is None else self.to_s)

    @property
    def gap_s(self) -> tuple[float, float]:
        """Start and end of the gap for a new passage: `from_s` and `to_s`, or the nearest pauses."""
        return self.segments_s[0] if self.boundaries_s else (self.from_s or 0.0, self.to_s or 0.0)

    @property
    def recordings(self) -> tuple[Recording, ...]:
        """The audio files that the row uses."""
        return tuple(recording for recording in (self.audio, self.left, self.right) if recording is not None)

    @property
    def depends_on(self) -> tuple[str, ...]:
        """The ids of the rows whose output this row uses."""
        inputs = (*self.recordings, *filter(None, [self.text]))
        return tuple(dict.fromkeys(one.made_by for one in inputs if one.made_by))
