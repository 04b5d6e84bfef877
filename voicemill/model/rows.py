"""What a manifest asks for."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final, Literal, NamedTuple

from voicemill.audio.formats import AudioFormat, KeptFormat
from voicemill.model.recordings import Recording
from voicemill.model.transcripts import UNTIMED_FORMATS, text_name

Speed = Literal["slow", "normal", "fast"] | float


class Op(StrEnum):
    """What a row asks for."""

    TTS = "tts"
    STT = "stt"
    VOICE_CHANGE = "voice_change"
    INFILL = "infill"


AUDIO_OPS: Final = frozenset({Op.TTS, Op.VOICE_CHANGE, Op.INFILL})
"""The operations whose output is audio."""


SPOKEN_OPS: Final = frozenset({Op.TTS, Op.INFILL})
"""The operations that speak a text."""


class Refusal(NamedTuple):
    """Why a row's own file cannot be worked on: a code for programs, and a reason for people."""

    code: str
    why: str


@dataclass(frozen=True, slots=True)
class Row:
    """One checked line of a manifest.

    `number` counts data rows from 1. `file_name` is the row's first file, relative to the results folder, with forward
    slashes. What an operation does not use is empty. `audio` is what `stt`, `voice_change` and `infill` work on;
    `from_s` to `to_s` is the stretch of it that `infill` speaks anew, or `left` and `right` are its neighbours.
    `splice` says whether that is put into its place, or made a file by itself.
    `cuts_s` are the moments in seconds where `audio` is really cut, in pairs: the starts and ends of the stretches that
    are sent, one call each (none where all of it is sent at once; what lies between them is silent), or the two ends of
    the gap. `kept_format` is set where the file is of the kind of `audio`; `format` is then what the service is asked.
    Where the transcript is another row's text, `text` is that row's file, and the transcript empty until it is there.
    `text_formats` are the files of text that are wanted besides, `timestamps` asks speech for its words.
    `refusal` says why a row of a folder or a list is not worked on; its inputs may then be missing.
    The `transcript` of a recording that is to be transcribed is its reference.
    `carried` holds the columns that are not ours, as text or as the manifest's own scalar.
    """

    number: int
    id: str
    op: Op
    file_name: str
    transcript: str = ""
    voice_id: str = ""
    model: str = ""
    language: str = ""
    format: AudioFormat | None = None
    kept_format: KeptFormat | None = None
    speed: Speed | None = None
    emotion: tuple[str, ...] = ()
    audio: Recording | None = None
    left: Recording | None = None
    right: Recording | None = None
    text: Recording | None = None
    from_s: float | None = None
    to_s: float | None = None
    splice: bool = True
    cuts_s: tuple[float, ...] = ()
    timestamps: bool = False
    text_formats: tuple[str, ...] = ()
    refusal: Refusal | None = None
    carried: Mapping[str, Any] = field(default_factory=dict)

    @property
    def text_names(self) -> tuple[str, ...]:
        """The files of text that it asks for, relative to the results folder."""
        return tuple(text_name(self.file_name, format) for format in self.text_formats)

    @property
    def wants_words(self) -> bool:
        """Whether its words and their times are to be told: always where a recording is transcribed."""
        is_timed = self.timestamps or not UNTIMED_FORMATS.issuperset(self.text_formats)
        return self.op is Op.STT or (self.op is Op.TTS and is_timed)

    @property
    def audio_format(self) -> AudioFormat:
        """The format of the audio that an audio operation makes. Raises `ValueError` for other rows."""
        if self.format is None:
            raise ValueError(f"{self.op} makes no audio")
        return self.format

    @property
    def sample_rate_hz(self) -> int | None:
        """That of the file which an audio operation makes; None for other rows."""
        made = self.kept_format or self.format
        return made.sample_rate_hz if made else None

    @property
    def stretches_s(self) -> tuple[tuple[float, float], ...]:
        """`cuts_s`, pair by pair."""
        return tuple(zip(self.cuts_s[::2], self.cuts_s[1::2], strict=True))

    @property
    def gap_s(self) -> tuple[float, float]:
        """Where `audio` is cut for new speech: near `from_s` and `to_s`, or there."""
        return self.stretches_s[0] if self.cuts_s else (self.from_s or 0.0, self.to_s or 0.0)

    @property
    def recordings(self) -> tuple[Recording, ...]:
        """The audio files that go in."""
        return tuple(recording for recording in (self.audio, self.left, self.right) if recording is not None)

    @property
    def takes(self) -> tuple[str, ...]:
        """The ids of the rows whose output goes in."""
        inputs = (*self.recordings, *filter(None, [self.text]))
        return tuple(dict.fromkeys(one.made_by for one in inputs if one.made_by))
