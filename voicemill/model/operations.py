"""The operations of rows, and what each of them does."""

from enum import StrEnum
from typing import Final, NamedTuple


class Op(StrEnum):
    """The operation of a row."""

    TTS = "tts"
    STT = "stt"
    VOICE_CHANGE = "voice_change"
    INFILL = "infill"


class Operation(NamedTuple):
    """The properties of an operation: whether it speaks a text, makes audio, and requires a recording."""

    speaks: bool
    makes_audio: bool
    needs_recording: bool


OPERATIONS: Final = {
    Op.TTS: Operation(speaks=True, makes_audio=True, needs_recording=False),
    Op.STT: Operation(speaks=False, makes_audio=False, needs_recording=True),
    Op.VOICE_CHANGE: Operation(speaks=False, makes_audio=True, needs_recording=True),
    Op.INFILL: Operation(speaks=True, makes_audio=True, needs_recording=False),
}
AUDIO_OPS: Final = frozenset(op for op, does in OPERATIONS.items() if does.makes_audio)
"""The operations whose output is audio."""

SPOKEN_OPS: Final = frozenset(op for op, does in OPERATIONS.items() if does.speaks)
"""The operations that speak a text."""
