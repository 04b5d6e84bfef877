"""What a row's output will be like, as far as can be told before it is made: what takes it is priced by that."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final, NamedTuple

from voicemill.model import Op, Recording, Row

CHARACTERS_PER_AUDIO_S: Final = 15.0
"""Read prose in English runs at 14 to 16 characters a second."""

_WORD: Final = "word "


class Output(NamedTuple):
    """About how long a row's audio will last, and of how many characters its text will be."""

    seconds: float = 0.0
    characters: int = 0


def expected_output(row: Row) -> Output:
    """The output of a row whose inputs are known, or stood in for."""
    heard_s = sum(recording.duration_s for recording in row.recordings)
    if row.op is Op.STT:
        return Output(characters=round(heard_s * CHARACTERS_PER_AUDIO_S))
    spoken_s = len(row.transcript) / CHARACTERS_PER_AUDIO_S if row.op is not Op.VOICE_CHANGE else 0.0
    gap_s = (row.to_s or 0.0) - (row.from_s or 0.0)
    return Output(max(0.0, heard_s - gap_s) + spoken_s)


def stand_in(row: Row, made: Mapping[str, Output]) -> Row:
    """`row` with recordings and text that are like the outputs it takes, by the ids of their rows."""
    audio, left, right = (_like(one, made) for one in (row.audio, row.left, row.right))
    words = made[row.text.made_by].characters // len(_WORD) if row.text else 0
    return replace(row, audio=audio, left=left, right=right, transcript=row.transcript or _WORD * max(1, words))


def _like(recording: Recording | None, made: Mapping[str, Output]) -> Recording | None:
    if recording is None or not recording.made_by:
        return recording
    return replace(recording, sha256=f"output of {recording.made_by}", duration_s=made[recording.made_by].seconds)
