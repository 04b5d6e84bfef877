"""The types of a run: rows, calls, receipts and outcomes. Nothing here reads or writes.

A manifest line becomes a `Row`, with its `Speech`, `SourceAudio`, `RequestedOutput` and `QualityCheck`. A row becomes
one or more `Call`s, each stored answer has a `Receipt`, and the row ends in exactly one `Outcome`.
"""

from voicemill.model.calls import EMBEDDED_PREFIX, FAMILIES, Call, Family, Infill, Stt, Tts, VoiceChange
from voicemill.model.checks import CHECKS, MAX_TAKES, UNCHECKED, Check, QualityCheck
from voicemill.model.dependencies import levels
from voicemill.model.operations import AUDIO_OPS, SPOKEN_OPS, Op
from voicemill.model.outcomes import MadeFile, Outcome, Receipt, Status
from voicemill.model.recordings import Clip, FileState, Inspected, Mark, Reading, Recording
from voicemill.model.requested_output import RequestedOutput
from voicemill.model.rows import Refusal, Row
from voicemill.model.source_audio import NO_SOURCE, SourceAudio
from voicemill.model.spoken import NO_SPEECH, Pronunciation, SpeakerPart, Speech, Speed
from voicemill.model.transcripts import (
    LAID_OUT_FORMATS,
    TEXT_FOLDER,
    TEXT_FORMATS,
    UNTIMED_FORMATS,
    Segment,
    Transcript,
    Word,
    text_name,
)
from voicemill.model.verdicts import Finding, Passage, State, Verdict, worst
from voicemill.model.voice import Voice

__all__ = [
    "Op",
    "AUDIO_OPS",
    "SPOKEN_OPS",
    "TEXT_FORMATS",
    "UNTIMED_FORMATS",
    "LAID_OUT_FORMATS",
    "TEXT_FOLDER",
    "text_name",
    "Speed",
    "Voice",
    "Recording",
    "Reading",
    "Mark",
    "FileState",
    "Inspected",
    "Row",
    "Speech",
    "NO_SPEECH",
    "SourceAudio",
    "NO_SOURCE",
    "RequestedOutput",
    "QualityCheck",
    "UNCHECKED",
    "Refusal",
    "Pronunciation",
    "SpeakerPart",
    "Clip",
    "levels",
    "Call",
    "Tts",
    "Stt",
    "VoiceChange",
    "Infill",
    "Family",
    "FAMILIES",
    "EMBEDDED_PREFIX",
    "Word",
    "Segment",
    "Transcript",
    "Receipt",
    "Status",
    "MadeFile",
    "Outcome",
    "Check",
    "CHECKS",
    "MAX_TAKES",
    "State",
    "Finding",
    "Verdict",
    "Passage",
    "worst",
]
