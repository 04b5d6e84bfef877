"""What a row needs of the service, counted without its questions being made: as many calls, and as much in them."""

from typing import NamedTuple

from voicemill.config import LongText
from voicemill.model import Op, Row
from voicemill.plan.calls import passage
from voicemill.plan.split import split


class Needs(NamedTuple):
    """Calls, the characters that they send, and the seconds of recordings to transcribe and to give another voice."""

    calls: int = 0
    characters: int = 0
    heard_s: float = 0.0
    changed_s: float = 0.0


def needs_of(row: Row, long_text: LongText) -> Needs:
    """What `row` needs; of one that takes the output of another, no more than is known: one call."""
    if row.refusal is not None:
        return Needs()
    if row.op is Op.TTS:
        return _of_speech(row, long_text)
    if row.op is Op.INFILL:
        return Needs(1, len(passage(row)))
    calls, seconds = max(1, len(row.stretches_s)), _audio_s(row)
    return Needs(calls, heard_s=seconds) if row.op is Op.STT else Needs(calls, changed_s=seconds)


def _of_speech(row: Row, long_text: LongText) -> Needs:
    if row.text is not None:
        return Needs(1)
    spoken = [piece.spoken for piece in split(row.transcript, row.language, long_text.max_characters_per_call)]
    return Needs(sum(map(bool, spoken)), sum(map(len, spoken)))


def _audio_s(row: Row) -> float:
    if row.stretches_s:
        return sum(stop_s - start_s for start_s, stop_s in row.stretches_s)
    return row.audio.duration_s if row.audio is not None else 0.0
