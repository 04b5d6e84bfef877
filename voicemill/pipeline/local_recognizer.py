"""Transcribe outside a run with the recognizer of this machine: nothing is billed and no service is called."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from voicemill.config import Settings
from voicemill.model import Stt
from voicemill.pipeline.requests import send_call
from voicemill.service import Service, local_recognizer


class LocalRecognizer:
    """The recognizer of this machine, for use from any thread. `name` is part of what a verdict depends on."""

    def __init__(self, service: Service, loop: asyncio.AbstractEventLoop, deadline_s: float) -> None:
        self.name = service.name
        self._service = service
        self._loop = loop
        self._deadline_s = deadline_s

    def transcribe(self, call: Stt) -> bytes:
        """The response to `call`. Raises `CallError`."""
        sending = send_call(call, self._service.cartesia, self._deadline_s)
        return asyncio.run_coroutine_threadsafe(sending, self._loop).result().body


@contextmanager
def opened_recognizer(settings: Settings) -> Iterator[LocalRecognizer]:
    """Start the recognizer in a separate thread, and stop it at the end.

    Raises `ConfigError` if Whisper is not installed.
    """
    with asyncio.Runner() as runner:
        opening = local_recognizer(settings)
        service = runner.run(opening.__aenter__())
        thread = threading.Thread(target=runner.get_loop().run_forever, name="recognizer", daemon=True)
        thread.start()
        try:
            yield LocalRecognizer(service, runner.get_loop(), settings.pace.attempt_deadline_s)
        finally:
            runner.get_loop().call_soon_threadsafe(runner.get_loop().stop)
            thread.join()
            runner.run(opening.__aexit__(None, None, None))
