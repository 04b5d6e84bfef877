"""A service for runs: the hostile server with a reply per transcript and a record of its requests."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from tests.flows.commands import service_environment
from tests.hostile_server import Call, HostileServer, Reply
from tests.hostile_speech import Speaker

Answer = Reply | Callable[[Call], Reply | Awaitable[Reply]]


@dataclass
class SpeechService:
    """Replies with valid speech, except to the transcripts in `replies` (`"*"` matches every transcript)."""

    replies: dict[str, Answer] = field(default_factory=dict)
    voices: Answer | None = None
    speaker: Speaker = field(default_factory=Speaker)
    server: HostileServer = field(init=False)

    def __post_init__(self) -> None:
        self.server = HostileServer(self._answer)
        self._held_from: int | None = None

    def hold_from(self, number: int) -> None:
        """Reply to the POST request with this number, and to later ones, only after `release`.

        A run that a test kills at this request then cannot complete before, however slow the test is.
        """
        self._held_from = number

    def release(self) -> None:
        """Reply to the held requests."""
        self._held_from = None

    @property
    def posted(self) -> int:
        """The number of POST requests so far."""
        return sum(call.method == "POST" for call in list(self.server.calls))

    def _answer(self, call: Call) -> Reply | Awaitable[Reply]:
        if call.method == "POST" and self._held_from is not None and self.posted >= self._held_from:
            return self._answer_after_release(call)
        return self._answer_now(call)

    async def _answer_after_release(self, call: Call) -> Reply:
        while self._held_from is not None:
            await asyncio.sleep(0.01)
        reply = self._answer_now(call)
        return reply if isinstance(reply, Reply) else await reply

    def _answer_now(self, call: Call) -> Reply | Awaitable[Reply]:
        scripted = self.voices if call.path.startswith("/voices") else None
        if call.method == "POST":
            scripted = self.replies.get(call.transcript or "", self.replies.get("*"))
        if scripted is None:
            return self.speaker(call)
        return scripted(call) if callable(scripted) else scripted

    @property
    def url(self) -> str:
        """The base URL."""
        return self.server.url

    @property
    def requested(self) -> list[str]:
        """The transcripts of all TTS requests, in order of arrival."""
        return [call.transcript or "" for call in self.server.calls if call.path == "/tts/bytes"]

    def reset_calls(self) -> None:
        """Clear the record of requests."""
        self.server.calls.clear()


@contextmanager
def speech_service() -> Iterator[SpeechService]:
    """Run a service that commands of this process and its children use."""
    service = SpeechService()
    with service.server, service_environment(service.url):
        yield service
