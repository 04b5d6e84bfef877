"""The engine behind the routes: its voices, its workers and its limits."""

from functools import cached_property

from voicemill.engine.access import Admission
from voicemill.engine.access_tokens import Tokens
from voicemill.engine.recognition.whisper_model import check_whisper_model, whisper_digest
from voicemill.engine.settings import EngineSettings
from voicemill.engine.version import ENGINE_VERSION
from voicemill.engine.voices.catalogue import Catalogue, built_in_voices
from voicemill.engine.voices.piper_voices import piper_digest, piper_voices
from voicemill.engine.voices.user_voices import OwnVoices
from voicemill.engine.worker_pool import WorkerPool


class Engine:
    """One engine. No process is started before the first request that needs one; `close` ends them all.

    Raises `ConfigError` when the Piper voices or the Whisper model of the settings cannot be used.
    """

    def __init__(self, settings: EngineSettings) -> None:
        self.settings = settings
        self.workers = WorkerPool(settings.workers, settings.request_timeout_s)
        self.admission = Admission({"tts": settings.tts_concurrency, "stt": settings.stt_concurrency})
        if settings.whisper_model is not None:
            check_whisper_model(settings.whisper_model)
        self.tokens = Tokens(settings.token_key)
        own = piper_voices(settings.piper_voices) if settings.piper_voices else []
        self.catalogue = Catalogue([*own, *built_in_voices()], OwnVoices(settings.own_voices))

    @cached_property
    def service(self) -> str:
        """The name under which this engine's answers are kept: another name, other bytes."""
        voices, model = self.settings.piper_voices, self.settings.whisper_model
        return (
            f"embedded/{ENGINE_VERSION}"
            + (f"+piper.{piper_digest(voices)}" if voices else "")
            + (f"+whisper.{whisper_digest(model)}" if model else "")
        )

    async def close(self) -> None:
        """End the worker processes; requests in work fail, later ones are refused."""
        await self.workers.close()
