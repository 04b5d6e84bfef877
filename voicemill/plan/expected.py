"""What a row's output will be like, as far as can be told before it is made: what takes it is priced by that."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final, NamedTuple

from voicemill.audio.formats import BYTES_PER_SAMPLE, DEFAULT_ENCODING
from voicemill.model import Op, Recording, Row

CHARACTERS_PER_AUDIO_S: Final = 15.0
"""Read prose in English runs at 14 to 16 characters a second."""

_WORD: Final = "word "


class Output(NamedTuple):
    """About how long a row's audio will last, and of how many characters its text will be."""

    seconds: float = 0.0
    characters: int = 0


class Volume(NamedTuple):
    """About how much disk is taken, in bytes, by answers and by the files that are made of them."""

    answer_bytes: int = 0
    file_bytes: int = 0


def expected_output(row: Row) -> Output:
    """The output of a row whose inputs are known, or stood in for."""
    heard_s = sum(recording.duration_s for recording in row.recordings)
    if row.op is Op.STT:
        return Output(characters=round(heard_s * CHARACTERS_PER_AUDIO_S))
    spoken_s = len(row.transcript) / CHARACTERS_PER_AUDIO_S if row.op is not Op.VOICE_CHANGE else 0.0
    gap_s = (row.to_s or 0.0) - (row.from_s or 0.0)
    return Output(max(0.0, heard_s - gap_s) + spoken_s)


def expected_volume(row: Row) -> Volume:
    """About how much disk a row takes; text is nothing beside audio."""
    if row.op is Op.STT or row.refusal is not None:
        return Volume()
    made_s = expected_output(row).seconds
    answered_s = len(row.transcript) / CHARACTERS_PER_AUDIO_S if row.op is Op.INFILL else made_s
    lossless = BYTES_PER_SAMPLE[row.audio_format.encoding or DEFAULT_ENCODING] * row.audio_format.sample_rate_hz
    if row.kept_format is not None:
        file_bytes = sum(recording.size_bytes for recording in row.recordings)
    else:
        file_bytes = round(made_s * (row.audio_format.bit_rate_bps or lossless * 8) / 8)
    return Volume(round(answered_s * lossless), file_bytes)


def stand_in(row: Row, made: Mapping[str, Output]) -> Row:
    """`row` with recordings and text that are like the outputs it takes, by the ids of their rows."""
    audio, left, right = (_like(one, made) for one in (row.audio, row.left, row.right))
    words = made[row.text.made_by].characters // len(_WORD) if row.text else 0
    return replace(row, audio=audio, left=left, right=right, transcript=row.transcript or _WORD * max(1, words))


def _like(recording: Recording | None, made: Mapping[str, Output]) -> Recording | None:
    if recording is None or not recording.made_by:
        return recording
    return replace(recording, sha256=f"output of {recording.made_by}", duration_s=made[recording.made_by].seconds)
