"""Rows: the checked lines of a manifest."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from voicemill.model.checks import UNCHECKED, QualityCheck
from voicemill.model.operations import Op
from voicemill.model.recordings import Recording
from voicemill.model.requested_output import RequestedOutput
from voicemill.model.source_audio import NO_SOURCE, SourceAudio
from voicemill.model.spoken import NO_SPEECH, Speech


class Refusal(NamedTuple):
    """Why a row's file cannot be processed: a code for programs and a reason for people."""

    code: str
    why: str


@dataclass(frozen=True, slots=True)
class Row:
    """One checked line of a manifest, with everything that determines its calls and its files.

    The parts that its operation does not use are empty. `OPERATIONS` lists the operations that speak a text, make audio
    or process a recording.
    """

    number: int
    """The position among the data rows, from 1."""
    id: str
    op: Op
    file_name: str
    """The row's first file, relative to the results folder, with forward slashes."""
    output: RequestedOutput
    """The formats of the row's files."""

    model: str = ""
    language: str = ""
    """The language of the text or of the recording. A voice change has neither model nor language."""
    speech: Speech = NO_SPEECH
    """The text to speak, and how it is spoken."""
    source: SourceAudio = NO_SOURCE
    """The recordings to process."""
    quality: QualityCheck = UNCHECKED
    """How the generated audio is checked."""

    refusal: Refusal | None = None
    """The reason why the row is not processed, or None; its inputs may then be missing."""
    carried: Mapping[str, Any] = field(default_factory=dict)
    """The columns that voicemill does not know, as text or as typed values of the manifest."""

    @property
    def inputs(self) -> tuple[Recording, ...]:
        """The audio files that the row uses, and the row whose transcript it speaks."""
        text_from = self.speech.text_from
        return self.source.recordings if text_from is None else (*self.source.recordings, text_from)

    @property
    def depends_on(self) -> tuple[str, ...]:
        """The ids of the rows whose output this row uses."""
        return tuple(dict.fromkeys(one.made_by for one in self.inputs if one.made_by))
