"""What a manifest asks for."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final, Literal, NamedTuple

from voicemill.audio.formats import AudioFormat
from voicemill.model.recordings import Recording

Speed = Literal["slow", "normal", "fast"] | float


class Op(StrEnum):
    """What a row asks for."""

    TTS = "tts"
    STT = "stt"
    VOICE_CHANGE = "voice_change"
    INFILL = "infill"


AUDIO_OPS: Final = frozenset({Op.TTS, Op.VOICE_CHANGE, Op.INFILL})
"""The operations whose output is audio."""

TEXT_FORMATS: Final = ("txt", "json", "srt", "vtt", "tsv")
"""The files that a transcript can be written as: Whisper's."""
UNTIMED_FORMATS: Final = frozenset({"txt"})
LAID_OUT_FORMATS: Final = frozenset({"srt", "vtt"})
"""Those whose bytes depend on the rules for subtitles."""


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
    speed: Speed | None = None
    emotion: tuple[str, ...] = ()
    audio: Recording | None = None
    left: Recording | None = None
    right: Recording | None = None
    from_s: float | None = None
    to_s: float | None = None
    timestamps: bool = False
    text_formats: tuple[str, ...] = ()
    refusal: Refusal | None = None
    carried: Mapping[str, Any] = field(default_factory=dict)

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
    def recordings(self) -> tuple[Recording, ...]:
        """The audio files that go in."""
        return tuple(recording for recording in (self.audio, self.left, self.right) if recording is not None)
