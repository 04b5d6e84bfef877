"""Answers with speech are accepted, and all others are refused."""

import csv
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.hostile_speech import samples_for, speech_for, wav
from voicemill.audio.answer_checks import verify_speech
from voicemill.audio.decode import decode_all
from voicemill.errors import BadAnswer, Incomplete
from voicemill.model import Tts

RECORDINGS = Path(__file__).parents[3] / "shared" / "speech"
CALL = Tts("hostile", "sonic-2", "The wind turns the mill.", "v", "en", 16000, "pcm_s16le")


def recorded(seconds: float) -> bytes:
    """A WAV of that length which sounds."""
    return wav(samples_for("x" * 3000, CALL.sample_rate_hz)[: round(seconds * CALL.sample_rate_hz)].tobytes(), 16000)


def test_a_good_answer_has_its_duration() -> None:
    """The length in seconds is that of the samples."""
    assert verify_speech(recorded(1.5), CALL, framed=True) == pytest.approx(1.5)


@pytest.mark.parametrize("framed", [True, False])
def test_a_sized_wav_proves_its_own_end(*, framed: bool) -> None:
    """If the size in the header is right, it does not matter how HTTP marked the end."""
    assert verify_speech(recorded(1), CALL, framed=framed) == 1.0


def test_every_truncation_is_refused() -> None:
    """An answer that is cut at any byte of its header or samples is refused."""
    body = recorded(0.05)
    short = replace(CALL, transcript="Hm")
    assert verify_speech(body, short, framed=True)
    for length in range(len(body)):
        with pytest.raises((Incomplete, BadAnswer)):
            verify_speech(body[:length], short, framed=True)


@pytest.mark.parametrize(("encoding", "scale"), [("pcm_s16le", 1.0), ("pcm_f32le", 1 / 32768)])
@pytest.mark.parametrize(("level", "is_heard"), [(0, False), (20, False), (50, True), (32767, True)])
def test_silence_is_not_speech(encoding: str, scale: float, level: int, *, is_heard: bool) -> None:
    """Audio below -60 dB of full scale is silent, in both encodings and for either sign."""
    call = replace(CALL, encoding=encoding)  # type: ignore[arg-type]
    for sign in (1, -1):
        samples = np.zeros(16000)
        samples[8000:8100] = sign * level * scale
        body = wav(samples.astype("<i2" if encoding == "pcm_s16le" else "<f4").tobytes(), 16000, encoding)
        if is_heard:
            assert verify_speech(body, call, framed=True) == 1.0
            continue
        with pytest.raises(BadAnswer, match="silent"):
            verify_speech(body, call, framed=True)


@pytest.mark.parametrize(
    ("transcript", "seconds", "is_credible"),
    [
        ("Yes.", 0.3, True),
        ("Yes.", 0.01, False),
        ("word " * 300, 0.01, False),
        ("word " * 300, 15.0, False),
        ("word " * 300, 40.0, True),
        ("Chapter one " + "." * 500 + " 7", 1.0, True),
        ("— — — " * 50 + "Well", 0.6, True),
        ("日本語のテキストです", 1.5, True),
    ],
)
def test_duration_must_fit_the_text(transcript: str, seconds: float, *, is_credible: bool) -> None:
    """Three hundred words in fifteen seconds are refused; rows of dots and dashes take no time."""
    call = replace(CALL, transcript=transcript)
    if is_credible:
        assert verify_speech(recorded(seconds), call, framed=True)
        return
    with pytest.raises(BadAnswer, match="too short"):
        verify_speech(recorded(seconds), call, framed=True)


def test_another_format_than_requested_is_refused() -> None:
    """An answer in another format is a bad answer, and the error names the difference."""
    for other in (replace(CALL, sample_rate_hz=24000), replace(CALL, encoding="pcm_f32le")):
        with pytest.raises(BadAnswer, match="as requested"):
            verify_speech(speech_for(CALL.transcript, 16000), other, framed=True)


@pytest.mark.skipif(not RECORDINGS.is_dir(), reason="the shared recordings are not here")
def test_human_speech_is_accepted() -> None:
    """Recordings of eight human speakers, slow and fast, pass with their words as the transcript."""
    with (RECORDINGS / "transcripts.csv").open(encoding="utf-8") as file:
        lines = list(csv.DictReader(file))
    for line in lines:
        samples = (decode_all(RECORDINGS / line["file_name"], 16000) * 32767).astype("<i2")
        call = replace(CALL, transcript=line["transcript"])
        assert verify_speech(wav(samples.tobytes(), 16000), call, framed=True) == len(samples) / 16000
    assert len(lines) >= 8
