"""Recordings that the hostile service transcribes as the words in their file names."""

from collections.abc import Sequence
from pathlib import Path

from tests.hostile_speech import samples_for, wav
from tests.hostile_transcripts import samples_with

_RATE_HZ = 8000


def recordings(folder: Path, names: Sequence[str]) -> list[str]:
    """Write a short WAV file for each name (`one-two.wav` for "One two.") and return the paths for a manifest."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        samples = samples_for(name * 3, _RATE_HZ).astype("<i2").tobytes()
        (folder / f"{name}.wav").write_bytes(wav(samples + samples_with(name), _RATE_HZ))
    return [f"{folder}/{name}.wav" for name in names]
