"""A service for runs: the hostile server, told what to answer to which text, and what it was asked."""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from tests.flows.commands import asking
from tests.hostile_server import Call, HostileServer, Reply
from tests.hostile_speech import Speaker

Answer = Reply | Callable[[Call], Reply | Awaitable[Reply]]


@dataclass
class SpeechService:
    """Speaks whatever it is asked, but for the transcripts in `instead` (`"*"` stands for all)."""

    instead: dict[str, Answer] = field(default_factory=dict)
    voices: Answer | None = None
    speaker: Speaker = field(default_factory=Speaker)
    server: HostileServer = field(init=False)

    def __post_init__(self) -> None:
        self.server = HostileServer(self._answer)

    def _answer(self, call: Call) -> Reply | Awaitable[Reply]:
        told = self.voices if call.path.startswith("/voices") else None
        if call.method == "POST":
            told = self.instead.get(call.transcript or "", self.instead.get("*"))
        if told is None:
            return self.speaker(call)
        return told(call) if callable(told) else told

    @property
    def url(self) -> str:
        """Its base URL."""
        return self.server.url

    @property
    def asked(self) -> list[str]:
        """The transcripts it was asked to speak, in the order of the questions."""
        return [call.transcript or "" for call in self.server.calls if call.path == "/tts/bytes"]

    def forget(self) -> None:
        """Begin to count anew."""
        self.server.calls.clear()


@contextmanager
def speech_service() -> Iterator[SpeechService]:
    """A service that commands of this process and its children ask."""
    service = SpeechService()
    with service.server, asking(service.url):
        yield service
