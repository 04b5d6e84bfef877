"""Rows like those of a manifest check."""

from typing import Any

from voicemill.model import Call, Op, Row, Tts
from voicemill.model.audio_formats import AudioFormat

WAV = AudioFormat("wav", 24000, "pcm_s16le")


def row(transcript: str = "The wind turns the mill.", **fields: Any) -> Row:
    """A minimal row with `fields` changed."""
    plainest: dict[str, Any] = {
        "number": 1,
        "id": "a",
        "op": Op.TTS,
        "transcript": transcript,
        "voice_id": "v",
        "model": "sonic-2",
        "language": "en",
        "format": WAV,
        "file_name": "audio/a.wav",
    }
    return Row(**plainest | fields)


def transcript_of(call: Call) -> str:
    """The transcript of a TTS call."""
    assert isinstance(call, Tts)
    return call.transcript
