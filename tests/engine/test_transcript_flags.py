"""Reasons of the recognizer to doubt a transcript, from the recognizer to the results table."""

from pathlib import Path

import httpx
import numpy as np
import pytest

import voicemill
from tests.engine.local import needs_local
from tests.engine.measures import floats
from tests.engine.openai_service import wav
from tests.engine.requests import speech
from voicemill.cartesia.stt import read_transcription
from voicemill.engine.recognition.utterances import RATE_HZ
from voicemill.engine.recognition.whisper import Whisper


def test_flags_of_the_recognizer_are_in_the_results_table(
    openai: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run lists them in `suspect` and counts the row; a rerun without a call lists them again."""
    monkeypatch.setenv("VOICEMILL_RECOGNIZER", "openai")
    (tmp_path / "talk.wav").write_bytes(wav(2.0))
    (tmp_path / "talks.csv").write_text("id,op,audio\ntalk,stt,talk.wav\n")
    for calls in (1, 0):
        result = voicemill.run(tmp_path / "talks.csv", tmp_path / "results")
        assert result.summary.calls_made == calls
        assert list(result.items["suspect"].iloc[0]) == ["low_probability", "no_speech", "repetition"]
        assert result.summary.suspect == 1


@needs_local
async def test_whisper_reports_text_that_it_omits(api: httpx.AsyncClient) -> None:
    """A fifth of a second of speech, repeated for four seconds, passes voice detection; Whisper omits its text."""
    format = {"container": "raw", "sample_rate": RATE_HZ, "encoding": "pcm_f32le"}
    spoken = floats(await speech(api, "The boat is on the river. We went home at night.", output_format=format))
    repeated = np.tile(0.7 * spoken[3000:6000] / np.abs(spoken).max(), 20)
    segments = list(Whisper().transcribe([repeated], "en"))
    assert [(segment.text, segment.flags) for segment in segments] == [("", ("no_speech",))]


@pytest.mark.parametrize("sent", ['"low_probability"', "null", "3", '{"a": 1}', '["Ünknown flag", 7, "<b>"]'])
def test_flags_of_another_shape_are_ignored(sent: str) -> None:
    """The field is undocumented, so another service may use its name for something else."""
    body = f'{{"text": "Hello.", "flags": {sent}}}'.encode()
    assert read_transcription(body).flags == ()
