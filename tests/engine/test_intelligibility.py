"""An independent recognizer understands the speech of the small engine."""

import io

import httpx
import pytest

from benchmarks.recognizer import RATE_HZ, transcribe_samples, word_error_rate
from benchmarks.sentences import PROSE
from tests.engine.requests import speech
from voicemill.audio.decode import decode_all


async def test_recognizer_understands_the_default_voice(
    api: httpx.AsyncClient, capsys: pytest.CaptureFixture[str]
) -> None:
    """Over MP3, at most 40 % of Sarah's words are wrong."""
    mp3 = {"container": "mp3", "sample_rate": 44100, "bit_rate": 128000}
    audio = await speech(api, PROSE[0], output_format=mp3)
    rate = word_error_rate(PROSE[0], transcribe_samples(decode_all(io.BytesIO(audio), RATE_HZ)))
    with capsys.disabled():
        print(f"\nengine: word error rate of the default voice {rate:.1%}")  # noqa: T201 - a figure of the run
    assert rate <= 0.4
