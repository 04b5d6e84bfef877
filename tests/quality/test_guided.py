"""Guided decoding of a recording of a person, in a real worker process."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from voicemill.audio.decode import decode
from voicemill.quality.pool import CheckPool
from voicemill.quality.verdict import guided_verdict

_RECORDING = Path(__file__).parents[3] / "shared" / "speech" / "LJ001-0005.flac"
_TEXT = (
    "The invention of movable metal letters in the middle of the fifteenth century "
    "may justly be considered as the invention of the art of printing."
)
_MORE = " Nobody had expected anything like it."
_RATE_HZ = 16_000


@pytest.fixture(scope="module")
def pool() -> Iterator[CheckPool]:
    """One worker process for all tests."""
    pool = CheckPool(1)
    yield pool
    pool.close()


@pytest.fixture(scope="module")
def samples() -> "np.ndarray[tuple[int], np.dtype[np.float32]]":
    """Eight seconds of a person reading."""
    if not _RECORDING.is_file():
        pytest.skip("the recording is not there")
    return np.concatenate([*decode(_RECORDING, _RATE_HZ)])


@pytest.mark.parametrize(
    ("text", "times", "reason"),
    [
        (_TEXT, 1, None),
        (_TEXT + _MORE, 1, "missing"),
        (_TEXT, 2, "repeated"),
        ("It was a bright cold day in April. The clocks were striking thirteen, and everybody went home.", 1, "other"),
    ],
)
def test_faults_are_found(
    text: str,
    times: int,
    reason: str | None,
    pool: CheckPool,
    samples: "np.ndarray[tuple[int], np.dtype[np.float32]]",
) -> None:
    """A missing sentence, a repeated one and other words are bad; the right words are ok."""
    verdict = guided_verdict(np.tile(samples, times), _RATE_HZ, text, "en", pool)
    reasons = {finding.reason for finding in verdict.findings}
    if reason == "other":
        assert reasons & {"other_words", "unclear", "missing"}
    else:
        assert reasons == ({reason} if reason else set())


def test_other_languages_are_inconclusive(pool: CheckPool) -> None:
    """Guided decoding knows English only; a passage in another language is neither ok nor bad."""
    rng = np.random.default_rng(1)
    noise = (rng.standard_normal(_RATE_HZ) * np.hanning(_RATE_HZ) * 0.1).astype(np.float32)
    assert guided_verdict(noise, _RATE_HZ, "Bonjour.", "fr", pool).state == "inconclusive"
