"""The user's own faster-whisper model, where one is set."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from voicemill.engine.recognition.recognized_word import Word
from voicemill.engine.recognition.utterances import RATE_HZ, Heard
from voicemill.engine.recognition.whisper_model import WHISPER_MISSING
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

    def words(self, heard: Heard, language: str) -> Iterator[list[Word]]:
        """The words of one stretch, segment by segment, as the model writes them."""
        segments, _ = self._model.transcribe(heard.samples, language=language, word_timestamps=True, vad_filter=True)
        offset_s = heard.start / RATE_HZ
        for segment in segments:
            words = segment.words or ()
            yield [Word(word.word.strip(), offset_s + word.start, offset_s + word.end) for word in words]
