"""Rows like those of a manifest check."""

from dataclasses import fields as fields_of
from dataclasses import replace
from typing import Any, Final

from voicemill.model import Call, Op, QualityCheck, RequestedOutput, Row, SourceAudio, Speech, Tts
from voicemill.model.audio_formats import AudioFormat

WAV = AudioFormat("wav", 24000, "pcm_s16le")

_PARTS: Final = {"speech": Speech, "source": SourceAudio, "output": RequestedOutput, "quality": QualityCheck}


def row(text: str = "The wind turns the mill.", **fields: Any) -> Row:
    """A minimal row with `fields` of the row or of its parts changed."""
    plainest = Row(1, "a", Op.TTS, "audio/a.wav", RequestedOutput(WAV), "sonic-2", "en", Speech(text, voice_id="v"))
    return with_fields(plainest, **fields)


def with_fields(of: Row, **fields: Any) -> Row:
    """A row with other values of `fields` of the row or of its parts."""
    for part, kind in _PARTS.items():
        within = {field.name: fields.pop(field.name) for field in fields_of(kind) if field.name in fields}
        of = replace(of, **{part: replace(getattr(of, part), **within)})
    return replace(of, **fields)


def transcript_of(call: Call) -> str:
    """The transcript of a TTS call."""
    assert isinstance(call, Tts)
    return call.transcript
