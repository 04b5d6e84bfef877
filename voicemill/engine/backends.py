"""Speech backends and recognizers, built in or from installed packages, by name."""

from collections.abc import Callable
from importlib import import_module
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Any, Final

from voicemill.errors import ConfigError

if TYPE_CHECKING:
    from voicemill.engine.recognition.recognizer import Recognizer
    from voicemill.engine.synthesis.backend import SpeechBackend

SPEECH_BACKENDS: Final = "voicemill.speech_backends"
RECOGNIZERS: Final = "voicemill.recognizers"
"""The entry point groups."""

_BUILT_IN: Final = {
    SPEECH_BACKENDS: {
        "piper": "voicemill.engine.synthesis.piper:Piper",
        "kokoro": "voicemill.engine.synthesis.kokoro:Kokoro",
        "openai": "voicemill.engine.synthesis.openai_speech:OpenAISpeech",
    },
    RECOGNIZERS: {
        "pocketsphinx": "voicemill.engine.recognition.sphinx:Sphinx",
        "whisper": "voicemill.engine.recognition.whisper:Whisper",
        "openai": "voicemill.engine.recognition.openai_transcription:OpenAITranscription",
    },
}


def load_speech_backend(name: str) -> "SpeechBackend":
    """A new instance of the speech backend `name`. Raises `ConfigError` when there is none or it cannot be used."""
    backend: SpeechBackend = _factory(SPEECH_BACKENDS, name)()
    return backend


def load_recognizer(name: str) -> "Recognizer":
    """A new instance of the recognizer `name`. Raises `ConfigError` when there is none or it cannot be used."""
    recognizer: Recognizer = _factory(RECOGNIZERS, name)()
    return recognizer


def backend_names(group: str) -> list[str]:
    """The names of one group, the built-in ones first."""
    return list(dict.fromkeys([*_BUILT_IN[group], *sorted(entry_points(group=group).names)]))


def _factory(group: str, name: str) -> Callable[[], Any]:
    built_in = _BUILT_IN[group].get(name)
    if built_in is not None:
        module, _, attribute = built_in.partition(":")
        factory: Callable[[], Any] = getattr(import_module(module), attribute)
        return factory
    found = entry_points(group=group, name=name)
    if not found:
        raise ConfigError(f"{name!r} is not one of the {group}: {', '.join(backend_names(group))}")
    (entry,) = found
    loaded: Callable[[], Any] = entry.load()
    return loaded
