"""The interface of a speech backend. `docs/backends.md` shows how to write one."""

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from voicemill.engine.synthesis.utterance import Speech, Utterance
from voicemill.engine.voices.voice import EngineVoice


@runtime_checkable
class SpeechBackend(Protocol):
    """Voices that the engine does not have itself.

    The server creates one instance to list voices, and each worker process creates one to speak. Load models on first
    use of `say`.
    """

    @property
    def identity(self) -> str:
        """Distinguishes the backend's output from that of other versions and weights.

        It becomes part of the service name, so that no stored answer of one backend is used for another. Letters,
        digits, `.`, `-` and `_`.
        """

    def voices(self) -> Sequence[EngineVoice]:
        """The voices, each with `Timbre(backend=<name of the entry point>, speaker=<any text>)`."""

    def say(self, text: str, speech: Speech) -> Utterance:
        """Speak one passage of at most 500 characters as `speech.timbre.speaker`.

        The engine applies spectrum, volume and sample rate afterwards; pace (`speech.delivery.rate`) is up to the
        backend. The same arguments must give the same samples. Raises `Refusal`.
        """
