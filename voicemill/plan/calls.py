"""From a row to its calls."""

import hashlib
import json
from dataclasses import dataclass

from voicemill.audio.formats import DEFAULT_ENCODING, Encoding
from voicemill.config import LongText
from voicemill.model import Call, Row, Tts
from voicemill.plan.split import Boundary, split

_ASSEMBLY_VERSION = 1


@dataclass(frozen=True, slots=True)
class SpokenPiece:
    """A call, and the silence that follows its audio where another piece comes after it."""

    call: Call
    pause_s: float


@dataclass(frozen=True, slots=True)
class RowPlan:
    """All that a row needs: its calls in order, and a fingerprint of everything that decides its file's bytes."""

    row: Row
    pieces: tuple[SpokenPiece, ...]
    fingerprint: str


def plan_row(row: Row, service: str, long_text: LongText) -> RowPlan:
    """The calls of a speech row: one for a short transcript, one for each piece of a long one."""
    pieces: list[SpokenPiece] = []
    for piece in split(row.transcript, row.language, long_text.max_characters_per_call):
        pause_s = _pause_s(piece.ends_at, long_text)
        if piece.spoken:
            pieces.append(SpokenPiece(_call(row, service, piece.spoken), pause_s))
        elif pieces:
            pieces[-1] = SpokenPiece(pieces[-1].call, max(pause_s, pieces[-1].pause_s))
    return RowPlan(row, tuple(pieces), _fingerprint(row, pieces))


def wire_encoding(encoding: Encoding | None) -> Encoding:
    """What is asked of the service: lossless, and no more than the file needs."""
    return "pcm_f32le" if encoding == "pcm_f32le" else DEFAULT_ENCODING


def _call(row: Row, service: str, spoken: str) -> Tts:
    return Tts(
        service=service,
        model=row.model,
        transcript=spoken,
        voice_id=row.voice_id,
        language=row.language,
        sample_rate_hz=row.format.sample_rate_hz,
        encoding=wire_encoding(row.format.encoding),
        speed=row.speed,
        emotion=row.emotion,
    )


def _pause_s(boundary: Boundary, long_text: LongText) -> float:
    return {
        Boundary.CLAUSE: 0.0,
        Boundary.SENTENCE: long_text.sentence_pause_s,
        Boundary.PARAGRAPH: long_text.paragraph_pause_s,
        Boundary.SECTION: long_text.section_pause_s,
    }[boundary]


def _fingerprint(row: Row, pieces: list[SpokenPiece]) -> str:
    pauses = [piece.pause_s for piece in pieces[:-1]]
    made = row.format
    file = [row.file_name, made.container, made.sample_rate_hz, made.encoding, made.bit_rate_bps]
    parts = [_ASSEMBLY_VERSION, file, pauses, [piece.call.key for piece in pieces]]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()
