"""Derive the calls of a row."""

import hashlib
import json
from dataclasses import dataclass

from voicemill.config import LongText, Subtitles
from voicemill.model import LAID_OUT_FORMATS, Call, Clip, Infill, Op, Recording, Row, Stt, Tts, VoiceChange
from voicemill.model.audio_formats import DEFAULT_ENCODING, Encoding
from voicemill.planning.pronounce import Replaced, pronounced
from voicemill.planning.spoken_pieces import SpokenPiece, spoken_pieces

CONTEXT_S = 20.0
"""The length of the context that is sent from each side of a gap."""

_CLAIM_SLACK_S = 0.25
"""The largest accepted difference between the claimed and the decoded length."""

DEFAULT_SUBTITLES = Subtitles()
_ASSEMBLY_VERSION = 1
_TEXT_VERSION = 1


@dataclass(frozen=True, slots=True)
class CallPiece:
    """A call, and the pause between its audio and that of the next call."""

    call: Call
    pause_s: float = 0.0
    replaced: tuple[Replaced, ...] = ()
    """What is shown for the words that a pronunciation replaced in the text of the call."""
    text: str = ""
    """What is shown for the whole text of the call, where other words are said."""
    speaker: str = ""
    """The speaker of the cast; empty for the narrator."""


@dataclass(frozen=True, slots=True)
class RowPlan:
    """A row's calls in order, and a fingerprint of everything that determines the bytes of its files."""

    row: Row
    pieces: tuple[CallPiece, ...]
    fingerprint: str
    subtitles: Subtitles = DEFAULT_SUBTITLES

    @property
    def characters(self) -> int:
        """The number of characters that its calls send."""
        return sum(piece.call.characters for piece in self.pieces)


def plan_row(row: Row, service: str, long_text: LongText, subtitles: Subtitles = DEFAULT_SUBTITLES) -> RowPlan:
    """The calls of a row whose recordings are known: one, or one per part of a long text or a long recording.

    A row with a refusal has none.
    """
    pieces: list[CallPiece]
    if row.refusal is not None:
        pieces = []
    elif row.op is Op.TTS:
        pieces = _speech(row, service, long_text)
    elif row.op is Op.STT:
        pieces = [CallPiece(Stt(service, row.model, row.language, clip)) for clip in _clips(row)]
    elif row.op is Op.VOICE_CHANGE:
        pieces = [CallPiece(_voice_change(row, service, clip)) for clip in _clips(row)]
    else:
        pieces = [CallPiece(_infill(row, service))]
    return RowPlan(row, tuple(pieces), _fingerprint(row, pieces, subtitles), subtitles)


def passage(row: Row) -> str:
    """The text of an infill in the form in which it is sent."""
    return " ".join(row.transcript.split())


def request_encoding(encoding: Encoding | None) -> Encoding:
    """The encoding to request: lossless, with no more precision than the file has."""
    return "pcm_f32le" if encoding == "pcm_f32le" else DEFAULT_ENCODING


def _speech(row: Row, service: str, long_text: LongText) -> list[CallPiece]:
    return [
        CallPiece(_tts(row, service, piece), piece.pause_s, piece.replaced, speaker=piece.part.speaker)
        for piece in spoken_pieces(row, service, long_text)
    ]


def _tts(row: Row, service: str, piece: SpokenPiece) -> Tts:
    return Tts(
        service=service,
        model=row.model,
        transcript=piece.sent,
        voice_id=piece.part.voice_id,
        language=row.language,
        sample_rate_hz=row.audio_format.sample_rate_hz,
        encoding=request_encoding(row.audio_format.encoding),
        speed=piece.part.speed,
        emotion=piece.part.emotion,
        timestamps=row.needs_word_timestamps,
    )


def _clips(row: Row) -> list[Clip]:
    audio = _needed(row.audio, row)
    return [audio.clip(start_s, stop_s) for start_s, stop_s in row.segments_s] or [audio.clip()]


def _voice_change(row: Row, service: str, clip: Clip) -> VoiceChange:
    format = row.audio_format
    return VoiceChange(service, row.voice_id, clip, format.sample_rate_hz, request_encoding(format.encoding))


def _infill(row: Row, service: str) -> Infill:
    left, right = _neighbors(row)
    return Infill(
        service=service,
        model=row.model,
        transcript=pronounced(passage(row), row.pronunciations, service).sent,
        voice_id=row.voice_id,
        language=row.language,
        left=left,
        right=right,
        sample_rate_hz=row.audio_format.sample_rate_hz,
        encoding=request_encoding(row.audio_format.encoding),
        speed=row.speed,
        emotion=row.emotion,
    )


def _neighbors(row: Row) -> tuple[Clip | None, Clip | None]:
    """The context of new speech: the recordings on both sides, or the audio before and after a gap in one."""
    if row.audio is None:
        left = row.left.clip(max(0.0, _last_s(row.left) - CONTEXT_S)) if row.left else None
        return left, (row.right.clip(0.0, min(row.right.end_s, CONTEXT_S)) if row.right else None)
    audio, (from_s, to_s) = row.audio, row.gap_s
    left = audio.clip(max(0.0, from_s - CONTEXT_S), from_s) if from_s > 0 else None
    is_within = to_s < min(audio.duration_s, audio.end_s)
    right = audio.clip(to_s, min(audio.end_s, to_s + CONTEXT_S)) if is_within else None
    return left, right


def _last_s(recording: Recording) -> float:
    """The end of a recording: the claimed one if it is close to the decoded one."""
    is_about_right = abs(recording.end_s - recording.duration_s) <= _CLAIM_SLACK_S
    return recording.end_s if is_about_right else recording.duration_s


def _needed(recording: Recording | None, row: Row) -> Recording:
    if recording is None or not recording.sha256:
        raise ValueError(f"the recording of row {row.id!r} is not known yet")
    return recording


def _reference(row: Row) -> str:
    return row.transcript if row.op is Op.STT else ""


def _times_s(row: Row) -> tuple[float, ...]:
    """The times that determine the length of a row's file in addition to its calls; empty if the calls suffice."""
    if row.op is Op.INFILL:
        return row.gap_s
    return row.passage_s if row.op is Op.VOICE_CHANGE and row.is_passage else ()


def _fingerprint(row: Row, pieces: list[CallPiece], subtitles: Subtitles) -> str:
    pauses = [piece.pause_s for piece in pieces[:-1]]
    file: list[object] = [row.file_name]
    if row.format is not None:
        made = row.format
        file += [made.container, made.sample_rate_hz, made.encoding, made.bit_rate_bps]
    if row.source_format is not None:
        kept = row.source_format
        file += [kept.container, kept.sample_rate_hz, kept.encoding]
    parts: list[object] = [_ASSEMBLY_VERSION, file, pauses, [piece.call.key for piece in pieces]]
    if row.text_formats:
        parts.append(row.text_formats)
    if row.recordings:
        sources = [recording.sha256 for recording in row.recordings]
        parts.append([sources, row.boundaries_s, _times_s(row), row.splice])
    if row.needs_word_timestamps:
        is_laid_out = not LAID_OUT_FORMATS.isdisjoint(row.text_formats)
        parts.append([_TEXT_VERSION, subtitles.model_dump() if is_laid_out else None, _reference(row)])
    if row.allowed_words:  # Another list may change the verdict, and thereby the take that is kept.
        parts.append(sorted(row.allowed_words))
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()
