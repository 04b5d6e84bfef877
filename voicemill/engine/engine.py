"""The engine behind the routes: its voices, recognizer, workers and limits."""

from functools import cached_property
from typing import Any

from voicemill.engine.access import Admission
from voicemill.engine.access_tokens import Tokens
from voicemill.engine.backends import load_recognizer, load_speech_backend
from voicemill.engine.choice import INSTALL_HINT, is_local_installed, resolved_engine
from voicemill.engine.models.hibari import HIBARI_SHA256, HIBARI_VERSION
from voicemill.engine.recognition.recognizer import Recognizer
from voicemill.engine.recognition.whisper import Whisper
from voicemill.engine.recognition.whisper_model import check_whisper_model
from voicemill.engine.settings import EngineSettings
from voicemill.engine.synthesis.backend import SpeechBackend
from voicemill.engine.synthesis.piper import Piper
from voicemill.engine.version import ENGINE_VERSION, NATURAL_VERSION
from voicemill.engine.voices.catalogue import Catalogue, built_in_voices
from voicemill.engine.voices.user_voices import UserVoices
from voicemill.engine.worker_pool import WorkerPool


class Engine:
    """One engine. It starts processes on the first request that needs them; `close` ends them all.

    Raises `ConfigError` when a backend, voice or model of the settings cannot be used.
    """

    def __init__(self, settings: EngineSettings) -> None:
        self.settings = settings
        self.is_natural = resolved_engine(settings.engine) == "local"
        self.workers = WorkerPool(settings.workers, settings.request_timeout_s)
        self.admission = Admission({"tts": settings.tts_concurrency, "stt": settings.stt_concurrency})
        self.tokens = Tokens(settings.token_key)
        self._backends = _speech_backends(settings)
        voices = [voice for backend in self._backends for voice in backend.voices()]
        built_in = built_in_voices(natural=self.is_natural)
        self.catalogue = Catalogue([*voices, *built_in], UserVoices(settings.user_voices))
        self._recognizer_name = self._chosen_recognizer()
        self.recognizer = self._new_recognizer()

    @cached_property
    def service(self) -> str:
        """The name under which answers are stored. Engines that answer differently have different names."""
        parts = [f"hibari.{HIBARI_VERSION}.{HIBARI_SHA256[:12]}.{NATURAL_VERSION}"] if self.is_natural else []
        parts += [*(backend.identity for backend in self._backends), self.recognizer.identity]
        return "+".join([f"embedded/{ENGINE_VERSION}", *filter(None, parts)])

    @property
    def hint(self) -> str:
        """How to install the natural voices, empty when they are installed."""
        return "" if is_local_installed() else INSTALL_HINT

    @property
    def recognizer_question(self) -> dict[str, Any]:
        """The recognizer that a worker loads."""
        settings = self.settings
        folder = str(settings.whisper_model) if settings.whisper_model else None
        options = {"folder": folder, "beam": settings.whisper_beam, "device": settings.whisper_device}
        return {"name": self._recognizer_name, **options}

    async def close(self) -> None:
        """End the worker processes; running requests fail and later ones are refused."""
        await self.workers.close()

    def _chosen_recognizer(self) -> str:
        if self.settings.recognizer:
            return self.settings.recognizer
        return "whisper" if self.is_natural or self.settings.whisper_model else "pocketsphinx"

    def _new_recognizer(self) -> Recognizer:
        settings = self.settings
        if self._recognizer_name != "whisper":
            return load_recognizer(self._recognizer_name)
        if settings.whisper_model is not None:
            check_whisper_model(settings.whisper_model)
        return Whisper(settings.whisper_model, beam=settings.whisper_beam, device=settings.whisper_device)


def _speech_backends(settings: EngineSettings) -> list[SpeechBackend]:
    piper: list[SpeechBackend] = [Piper(settings.piper_voices)] if settings.piper_voices else []
    return [*piper, *map(load_speech_backend, settings.speech_backends)]
