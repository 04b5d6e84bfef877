"""Predict the calls, the output and the disk space of a row before any call is made."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final, NamedTuple

from voicemill.config import LongText
from voicemill.model import SPOKEN_OPS, Op, Recording, Row
from voicemill.model.audio_formats import BYTES_PER_SAMPLE, DEFAULT_ENCODING
from voicemill.model.service_tags import without_tags
from voicemill.planning.row_calls import passage
from voicemill.planning.spoken_pieces import spoken_pieces


class Needs(NamedTuple):
    """The number of calls, the characters to send, and the seconds of audio to transcribe and to convert.

    `check_calls` are transcriptions for checks, and `checked_s` the seconds of generated audio that they transcribe.
    """

    calls: int = 0
    characters: int = 0
    transcribed_s: float = 0.0
    converted_s: float = 0.0
    check_calls: int = 0
    checked_s: float = 0.0


def needs_of(row: Row, long_text: LongText) -> Needs:
    """The needs of a row. A row whose text comes from another row counts as one call until that text is known."""
    if row.refusal is not None:
        return Needs()
    if row.op in SPOKEN_OPS:
        return _with_check(row, _of_speech(row, long_text))
    calls, seconds = max(1, len(row.segments_s)), _audio_s(row)
    return Needs(calls, transcribed_s=seconds) if row.op is Op.STT else Needs(calls, converted_s=seconds)


def _of_speech(row: Row, long_text: LongText) -> Needs:
    if row.op is Op.INFILL:
        return Needs(1, len(without_tags(passage(row))))
    if row.text is not None:
        return Needs(1)
    sent = [piece.sent for piece in spoken_pieces(row, "", long_text)]
    return Needs(len(sent), sum(len(without_tags(text)) for text in sent))


def _with_check(row: Row, needs: Needs) -> Needs:
    if row.check != "transcribed":
        return needs
    return needs._replace(check_calls=needs.calls, checked_s=needs.characters / CHARACTERS_PER_AUDIO_S)


def _audio_s(row: Row) -> float:
    if row.segments_s:
        return sum(stop_s - start_s for start_s, stop_s in row.segments_s)
    return row.audio.duration_s if row.audio is not None else 0.0


CHARACTERS_PER_AUDIO_S: Final = 15.0
"""The pace of English read prose, which is 14 to 16 characters per second."""

_WORD: Final = "word "


class Output(NamedTuple):
    """The expected length of a row's audio in seconds, and of its text in characters."""

    seconds: float = 0.0
    characters: int = 0


class Volume(NamedTuple):
    """The expected disk space of answers and of output files, in bytes."""

    answer_bytes: int = 0
    file_bytes: int = 0


def expected_output(row: Row) -> Output:
    """The expected output of a row whose inputs are known or expected."""
    recorded_s = sum(stop_s - start_s for start_s, stop_s in row.segments_s) if row.op is Op.STT else 0.0
    transcribed_s = recorded_s or sum(recording.duration_s for recording in row.recordings)
    if row.op is Op.STT:
        return Output(characters=round(transcribed_s * CHARACTERS_PER_AUDIO_S))
    if row.op is Op.VOICE_CHANGE and row.is_passage:
        start_s, stop_s = row.passage_s
        return Output(max(0.0, stop_s - start_s))
    spoken_s = len(without_tags(row.transcript)) / CHARACTERS_PER_AUDIO_S if row.op is not Op.VOICE_CHANGE else 0.0
    gap_s = (row.to_s or 0.0) - (row.from_s or 0.0)
    return Output(max(0.0, transcribed_s - gap_s) + spoken_s)


def expected_volume(row: Row) -> Volume:
    """The expected disk space of a row; text files are too small to count."""
    if row.op is Op.STT or row.refusal is not None:
        return Volume()
    made_s = expected_output(row).seconds
    answered_s = len(without_tags(row.transcript)) / CHARACTERS_PER_AUDIO_S if row.op is Op.INFILL else made_s
    lossless = BYTES_PER_SAMPLE[row.audio_format.encoding or DEFAULT_ENCODING] * row.audio_format.sample_rate_hz
    if row.source_format is not None:
        file_bytes = sum(recording.size_bytes for recording in row.recordings)
    else:
        file_bytes = round(made_s * (row.audio_format.bit_rate_bps or lossless * 8) / 8)
    return Volume(round(answered_s * lossless), file_bytes)


def with_expected_inputs(row: Row, made: Mapping[str, Output]) -> Row:
    """`row` with placeholders of the expected length for the outputs that it uses; `made` has those by row id."""
    audio, left, right = (_placeholder(one, made) for one in (row.audio, row.left, row.right))
    words = made[row.text.made_by].characters // len(_WORD) if row.text else 0
    return replace(row, audio=audio, left=left, right=right, transcript=row.transcript or _WORD * max(1, words))


def _placeholder(recording: Recording | None, made: Mapping[str, Output]) -> Recording | None:
    if recording is None or not recording.made_by:
        return recording
    return replace(recording, sha256=f"output of {recording.made_by}", duration_s=made[recording.made_by].seconds)
