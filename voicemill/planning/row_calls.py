"""Derive the calls of a row."""

import hashlib
import json
from dataclasses import dataclass

from voicemill.config import LongText, Subtitles
from voicemill.model import LAID_OUT_FORMATS, Call, Clip, Infill, Op, Recording, Row, SourceAudio, Stt, Tts, VoiceChange
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
    pieces = _pieces(row, service, long_text) if row.refusal is None else []
    return RowPlan(row, tuple(pieces), _fingerprint(row, pieces, subtitles), subtitles)


def passage(text: str) -> str:
    """The text of an infill in the form in which it is sent."""
    return " ".join(text.split())


def request_encoding(encoding: Encoding | None) -> Encoding:
    """The encoding to request: lossless, with no more precision than the file has."""
    return "pcm_f32le" if encoding == "pcm_f32le" else DEFAULT_ENCODING


def _pieces(row: Row, service: str, long_text: LongText) -> list[CallPiece]:
    match row.op:
        case Op.TTS:
            return _speech(row, service, long_text)
        case Op.STT:
            return [CallPiece(Stt(service, row.model, row.language, clip)) for clip in _clips(row)]
        case Op.VOICE_CHANGE:
            return [CallPiece(_voice_change(row, service, clip)) for clip in _clips(row)]
        case Op.INFILL:
            return [CallPiece(_infill(row, service))]


def _speech(row: Row, service: str, long_text: LongText) -> list[CallPiece]:
    return [
        CallPiece(_tts(row, service, piece), piece.pause_s, piece.replaced, speaker=piece.part.speaker)
        for piece in spoken_pieces(row, service, long_text)
    ]


def _tts(row: Row, service: str, piece: SpokenPiece) -> Tts:
    format = row.output.audio_format
    return Tts(
        service=service,
        model=row.model,
        transcript=piece.sent,
        voice_id=piece.part.voice_id,
        language=row.language,
        sample_rate_hz=format.sample_rate_hz,
        encoding=request_encoding(format.encoding),
        speed=piece.part.speed,
        emotion=piece.part.emotion,
        timestamps=row.output.needs_word_timestamps,
    )


def _clips(row: Row) -> list[Clip]:
    audio = row.source.audio
    if audio is None or not audio.sha256:
        raise ValueError(f"the recording of row {row.id!r} is not known yet")
    return [audio.clip(start_s, stop_s) for start_s, stop_s in row.source.segments_s] or [audio.clip()]


def _voice_change(row: Row, service: str, clip: Clip) -> VoiceChange:
    format = row.output.audio_format
    return VoiceChange(service, row.speech.voice_id, clip, format.sample_rate_hz, request_encoding(format.encoding))


def _infill(row: Row, service: str) -> Infill:
    left, right = _neighbors(row.source)
    speech, format = row.speech, row.output.audio_format
    return Infill(
        service=service,
        model=row.model,
        transcript=pronounced(passage(speech.text), speech.pronunciations, service).sent,
        voice_id=speech.voice_id,
        language=row.language,
        left=left,
        right=right,
        sample_rate_hz=format.sample_rate_hz,
        encoding=request_encoding(format.encoding),
        speed=speech.speed,
        emotion=speech.emotion,
    )


def _neighbors(source: SourceAudio) -> tuple[Clip | None, Clip | None]:
    """The context of new speech: the recordings on both sides, or the audio before and after a gap in one."""
    if source.audio is None:
        left = source.left.clip(max(0.0, _last_s(source.left) - CONTEXT_S)) if source.left else None
        return left, (source.right.clip(0.0, min(source.right.end_s, CONTEXT_S)) if source.right else None)
    audio, (from_s, to_s) = source.audio, source.gap_s
    left = audio.clip(max(0.0, from_s - CONTEXT_S), from_s) if from_s > 0 else None
    is_within = to_s < min(audio.duration_s, audio.end_s)
    right = audio.clip(to_s, min(audio.end_s, to_s + CONTEXT_S)) if is_within else None
    return left, right


def _last_s(recording: Recording) -> float:
    """The end of a recording: the claimed one if it is close to the decoded one."""
    is_about_right = abs(recording.end_s - recording.duration_s) <= _CLAIM_SLACK_S
    return recording.end_s if is_about_right else recording.duration_s


def _times_s(row: Row) -> tuple[float, ...]:
    """The times that determine the length of a row's file in addition to its calls; empty if the calls suffice."""
    match row.op:
        case Op.INFILL:
            return row.source.gap_s
        case Op.VOICE_CHANGE if row.source.is_passage:
            return row.source.passage_s
    return ()


def _fingerprint(row: Row, pieces: list[CallPiece], subtitles: Subtitles) -> str:
    output, source = row.output, row.source
    pauses = [piece.pause_s for piece in pieces[:-1]]
    file: list[object] = [row.file_name]
    if output.format is not None:
        made = output.format
        file += [made.container, made.sample_rate_hz, made.encoding, made.bit_rate_bps]
    if output.source_format is not None:
        kept = output.source_format
        file += [kept.container, kept.sample_rate_hz, kept.encoding]
    parts: list[object] = [_ASSEMBLY_VERSION, file, pauses, [piece.call.key for piece in pieces]]
    if output.text_formats:
        parts.append(output.text_formats)
    if source.recordings:
        hashes = [recording.sha256 for recording in source.recordings]
        parts.append([hashes, source.boundaries_s, _times_s(row), output.splice])
    if output.needs_word_timestamps:
        is_laid_out = not LAID_OUT_FORMATS.isdisjoint(output.text_formats)
        parts.append([_TEXT_VERSION, subtitles.model_dump() if is_laid_out else None, source.reference])
    if row.quality.allowed_words:  # Another list may change the verdict, and thereby the take that is kept.
        parts.append(sorted(row.quality.allowed_words))
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()
