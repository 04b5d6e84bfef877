"""Whisper models in the format of faster-whisper as a recognizer."""

import resource
from collections.abc import Callable, Iterable, Iterator
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from voicemill.engine.models.whisper_base import whisper_base_folder
from voicemill.engine.recognition.recognizer import NO_SPEECH, RecognizedSegment, RecognizedWord, decoding_flags
from voicemill.engine.recognition.utterances import RATE_HZ, five_minute_excerpts
from voicemill.engine.recognition.whisper_model import WHISPER_MISSING, default_beam, whisper_identity
from voicemill.engine.refusals import Refusal
from voicemill.errors import ConfigError

_COMPUTE_TYPES: Final = {"cpu": "int8", "cuda": "int8_float16"}


class Whisper:
    """One model, loaded from a folder on first use and never downloaded.

    Without `folder` it is Whisper base from the packages of `voicemill[local]`, decoded greedily. With a folder it
    decodes as faster-whisper does by default, unless `beam` is given.
    """

    languages = None

    def __init__(self, folder: Path | None = None, *, beam: int | None = None, device: str = "auto") -> None:
        self._folder = folder
        self._beam = beam
        self._device = device
        self._omitted = False

    @property
    def identity(self) -> str:
        """The digest of the weights, and the beam where it is not the default."""
        return whisper_identity(self._folder, self._beam)

    def transcribe(self, blocks: Iterable[NDArray[np.float32]], language: str | None) -> Iterator[RecognizedSegment]:
        """Transcribe five minutes at a time; the language of the first speech applies to the rest."""
        for excerpt in five_minute_excerpts(blocks):
            self._omitted = False
            segments, info = self._model.transcribe(excerpt.samples, language=language, **self._decoding)
            offset_s = excerpt.start / RATE_HZ
            found = None
            for found in segments:
                yield _segment(found, info.language, offset_s)
            if self._omitted:
                yield RecognizedSegment("", (), info.language, (NO_SPEECH,))
            if found is not None:
                language = info.language

    @property
    def _decoding(self) -> dict[str, Any]:
        decoding: dict[str, Any] = {"word_timestamps": True, "vad_filter": True}
        decoding["beam_size"] = self._beam or default_beam(self._folder)
        if self._folder is None:  # Text carried over from the window before is what starts most repetitions.
            decoding |= {"temperature": 0.0, "condition_on_previous_text": False}
        return decoding

    @cached_property
    def _model(self) -> Any:  # noqa: ANN401 - faster-whisper has no types
        try:
            from faster_whisper import WhisperModel
        except ImportError:
            raise Refusal(500, "Internal server error", WHISPER_MISSING) from None
        device = chosen_device(self._device)
        if device == "cuda":
            _allow_address_space()
        try:
            folder = self._folder or whisper_base_folder()
            compute_type = _COMPUTE_TYPES[device] if self._folder is None else "default"
            model = WhisperModel(
                str(folder), device=device, compute_type=compute_type, cpu_threads=1, local_files_only=True
            )
        except (ConfigError, RuntimeError, ValueError, OSError) as error:
            message = f"The Whisper model cannot be loaded: {error}"
            raise Refusal(500, "Internal server error", message) from None
        model.generate_with_fallback = self._observed(model.generate_with_fallback)
        return model

    def _observed(self, generate: Callable[..., Any]) -> Callable[..., Any]:
        """`generate`, but note when its result is so improbable that faster-whisper omits the text without a trace."""

        def observed(*args: Any) -> Any:  # noqa: ANN401 - passed on
            result, log_probability, temperature, compression = generate(*args)
            flags = decoding_flags(log_probability=log_probability, no_speech=result.no_speech_prob, compression=0.0)
            self._omitted |= NO_SPEECH in flags
            return result, log_probability, temperature, compression

        return observed


def chosen_device(device: str) -> str:
    """`cpu` or `cuda`; `auto` is CUDA where a device is present."""
    if device != "auto":
        return device
    import ctranslate2

    return "cuda" if ctranslate2.get_cuda_device_count() else "cpu"


def _segment(found: Any, language: str, offset_s: float) -> RecognizedSegment:  # noqa: ANN401
    words = [
        RecognizedWord(word.word.strip(), offset_s + word.start, offset_s + word.end)
        for word in found.words or ()
        if word.word.strip()
    ]
    flags = decoding_flags(
        log_probability=found.avg_logprob, no_speech=found.no_speech_prob, compression=found.compression_ratio
    )
    return RecognizedSegment(found.text.strip(), tuple(words), language, flags)


def _allow_address_space() -> None:
    """Lift the worker's address space limit: CUDA reserves far more than it uses."""
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (hard, hard))
