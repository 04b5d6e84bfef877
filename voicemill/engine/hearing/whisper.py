"""The user's own faster-whisper model, where one is set."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from voicemill.engine.hearing.whisper_model import WHISPER_MISSING
from voicemill.engine.hearing.words import Word
from voicemill.engine.refusals import Refusal


class Whisper:
    """One model, on one core, loaded from a folder and never from the network."""

    def __init__(self, folder: Path) -> None:
        try:
            from faster_whisper import WhisperModel
        except ImportError:
            raise Refusal(500, "Internal server error", WHISPER_MISSING) from None
        try:
            self._model: Any = WhisperModel(
                str(folder), device="cpu", compute_type="default", cpu_threads=1, local_files_only=True
            )
        except (RuntimeError, ValueError, OSError) as error:
            message = f"The Whisper model in {folder} cannot be loaded: {error}"
            raise Refusal(500, "Internal server error", message) from None

    def words(self, samples: NDArray[np.float32], language: str) -> Iterator[list[Word]]:
        """The words of the whole file, segment by segment, as the model writes them."""
        segments, _ = self._model.transcribe(samples, language=language, word_timestamps=True, vad_filter=True)
        for segment in segments:
            yield [Word(word.word.strip(), word.start, word.end) for word in segment.words or ()]
