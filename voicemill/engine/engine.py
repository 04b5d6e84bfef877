"""The engine behind the routes: its voices and recognizer, its worker processes and limits."""

from voicemill.engine.access import Admission
from voicemill.engine.access_tokens import Tokens
from voicemill.engine.capabilities import Capabilities
from voicemill.engine.settings import EngineSettings
from voicemill.engine.worker_pool import WorkerPool


class Engine(Capabilities):
    """One engine. It starts worker processes on the first request that needs them; `close` ends them all.

    Raises `ConfigError` when a backend, voice or model of the settings cannot be used.
    """

    def __init__(self, settings: EngineSettings) -> None:
        super().__init__(settings)
        self.settings = settings
        self.workers = WorkerPool(settings.workers, settings.request_timeout_s)
        self.admission = Admission({"tts": settings.tts_concurrency, "stt": settings.stt_concurrency})
        self.tokens = Tokens(settings.token_key)

    async def close(self) -> None:
        """End the worker processes; running requests fail and later ones are refused."""
        await self.workers.close()
