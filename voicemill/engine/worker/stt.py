"""Recognition jobs."""

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from voicemill.audio.decode import UPLOAD_OPTIONS, decode, decode_headerless
from voicemill.engine.recognition.recognized_word import Word
from voicemill.engine.recognition.sphinx import Sphinx
from voicemill.engine.recognition.utterances import RATE_HZ, stretches, utterances
from voicemill.engine.recognition.whisper import Whisper
from voicemill.engine.worker.uploads import readable
from voicemill.processes.frames import Frame

# The voice activity detector has absolute thresholds, so every file is brought to this peak level first.
_PEAK: Final = 0.7
_SILENCE: Final = 1e-4

PROGRESS: Final = Frame({"last": False}, b"")


def stt(question: dict[str, Any]) -> Iterator[Frame]:
    """Frames of progress, which keep the request alive, then one with the text, the duration and the words."""
    words: list[Word] = []
    with readable("file"):
        samples, peak = 0, 0.0
        for block in _blocks(question):
            samples, peak = samples + block.size, max(peak, float(np.abs(block).max(initial=0.0)))
            yield PROGRESS
        if peak > _SILENCE:
            for found in _found(question, _PEAK / peak):
                words += found
                yield PROGRESS
    yield Frame(
        {
            "text": " ".join(word.word for word in words),
            "duration_s": samples / RATE_HZ,
            "words": [(word.word, round(word.start_s, 3), round(word.end_s, 3)) for word in words],
        },
        b"",
    )


def _blocks(question: dict[str, Any]) -> Iterator[NDArray[np.float32]]:
    path = Path(question["file"])
    if question["encoding"] is None:
        return decode(path, RATE_HZ, options=UPLOAD_OPTIONS)
    return decode_headerless(path, question["encoding"], question["sample_rate_hz"], RATE_HZ)


def _found(question: dict[str, Any], gain: float) -> Iterator[list[Word]]:
    blocks = (block * np.float32(gain) for block in _blocks(question))
    if question["whisper_model"] is not None:
        whisper = _whisper(question["whisper_model"])
        return (words for heard in stretches(blocks) for words in whisper.words(heard, question["language"]))
    return (_sphinx().words(heard) for heard in utterances(blocks))


@cache
def _sphinx() -> Sphinx:
    return Sphinx()


@cache
def _whisper(folder: str) -> Whisper:
    return Whisper(Path(folder))
