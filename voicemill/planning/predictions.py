"""Predict the calls, the output and the disk space of a row before any call is made."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final, NamedTuple

from voicemill.config import LongText
from voicemill.model import AUDIO_OPS, Op, Recording, Row
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
    source = row.source
    match row.op:
        case Op.TTS:
            return _with_check(row, _of_speech(row, long_text))
        case Op.INFILL:
            return _with_check(row, Needs(1, len(without_tags(passage(row.speech.text)))))
        case Op.STT:
            return Needs(max(1, len(source.segments_s)), transcribed_s=source.sent_s)
        case Op.VOICE_CHANGE:
            return Needs(max(1, len(source.segments_s)), converted_s=source.sent_s)


def _of_speech(row: Row, long_text: LongText) -> Needs:
    if row.speech.text_from is not None:
        return Needs(1)
    sent = [piece.sent for piece in spoken_pieces(row, "", long_text)]
    return Needs(len(sent), sum(len(without_tags(text)) for text in sent))


def _with_check(row: Row, needs: Needs) -> Needs:
    if row.quality.check != "transcribed":
        return needs
    return needs._replace(check_calls=needs.calls, checked_s=needs.characters / CHARACTERS_PER_AUDIO_S)


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
    source = row.source
    match row.op:
        case Op.TTS:
            return Output(_spoken_s(row))
        case Op.STT:
            return Output(characters=round(source.sent_s * CHARACTERS_PER_AUDIO_S))
        case Op.VOICE_CHANGE:
            start_s, stop_s = source.passage_s
            return Output(max(0.0, stop_s - start_s))
        case Op.INFILL:
            kept_s = sum(recording.duration_s for recording in source.recordings)
            replaced_s = (source.to_s or 0.0) - (source.from_s or 0.0)
            return Output(max(0.0, kept_s - replaced_s) + _spoken_s(row))


def _spoken_s(row: Row) -> float:
    return len(without_tags(row.speech.text)) / CHARACTERS_PER_AUDIO_S


def expected_volume(row: Row) -> Volume:
    """The expected disk space of a row; text files are too small to count."""
    if row.op not in AUDIO_OPS or row.refusal is not None:
        return Volume()
    made_s, format = expected_output(row).seconds, row.output.audio_format
    answered_s = _spoken_s(row) if row.op is Op.INFILL else made_s
    lossless = BYTES_PER_SAMPLE[format.encoding or DEFAULT_ENCODING] * format.sample_rate_hz
    if row.output.source_format is not None:
        file_bytes = sum(recording.size_bytes for recording in row.source.recordings)
    else:
        file_bytes = round(made_s * (format.bit_rate_bps or lossless * 8) / 8)
    return Volume(round(answered_s * lossless), file_bytes)


def with_expected_inputs(row: Row, made: Mapping[str, Output]) -> Row:
    """`row` with placeholders of the expected length for the outputs that it uses; `made` has those by row id."""
    source, speech = row.source, row.speech
    audio, left, right = (_placeholder(one, made) for one in (source.audio, source.left, source.right))
    if speech.text_from is not None:
        words = made[speech.text_from.made_by].characters // len(_WORD)
        speech = replace(speech, text=speech.text or _WORD * max(1, words))
    return replace(row, source=replace(source, audio=audio, left=left, right=right), speech=speech)


def _placeholder(recording: Recording | None, made: Mapping[str, Output]) -> Recording | None:
    if recording is None or not recording.made_by:
        return recording
    return replace(recording, sha256=f"output of {recording.made_by}", duration_s=made[recording.made_by].seconds)
