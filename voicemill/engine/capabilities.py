"""What an engine can do: its voices, its recognizer, and the name under which its answers are stored.

It imports neither the HTTP application nor numpy, so a small manifest is checked quickly.
"""

from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from voicemill.engine.backends import load_recognizer, load_speech_backend
from voicemill.engine.choice import INSTALL_HINT, is_local_installed, is_whisper_installed, resolved_engine
from voicemill.engine.models.hibari import HIBARI_SHA256, HIBARI_VERSION
from voicemill.engine.recognition.whisper_model import check_whisper_model, whisper_identity
from voicemill.engine.settings import EngineSettings
from voicemill.engine.version import ENGINE_VERSION, NATURAL_VERSIONS
from voicemill.engine.voices.catalogue import Catalogue, built_in_voices
from voicemill.engine.voices.user_voices import UserVoices
from voicemill.errors import ConfigError

if TYPE_CHECKING:
    from voicemill.engine.synthesis.backend import SpeechBackend

_POCKETSPHINX = "pocketsphinx"
_WHISPER = "whisper"


class Capabilities:
    """The voices and the recognizer that the settings select.

    Raises `ConfigError` when a backend, voice or model of the settings cannot be used.
    """

    def __init__(self, settings: EngineSettings) -> None:
        self._settings = settings
        self.is_natural = resolved_engine(settings.engine) == "local"
        self._backends = _speech_backends(settings)
        voices = [voice for backend in self._backends for voice in backend.voices()]
        built_in = built_in_voices(natural=self.is_natural)
        self.catalogue = Catalogue([*voices, *built_in], UserVoices(settings.user_voices))
        self._recognizer = _recognizer(settings, is_natural=self.is_natural)

    @cached_property
    def service(self) -> str:
        """The name under which answers are stored. Engines that answer differently have different names."""
        natural = f"hibari.{HIBARI_VERSION}.{HIBARI_SHA256[:12]}.{self._settings.natural_version}"
        parts = [natural] if self.is_natural else []
        parts += [*(backend.identity for backend in self._backends), self._recognizer_identity]
        return "+".join([f"embedded/{ENGINE_VERSION}", *filter(None, parts)])

    @property
    def conversion_version(self) -> str:
        """The version of voice conversion; the small engine has that of the first natural voices."""
        return self._settings.natural_version if self.is_natural else NATURAL_VERSIONS[0]

    @property
    def hint(self) -> str:
        """How to install the natural voices, empty when they are installed."""
        return "" if is_local_installed() else INSTALL_HINT

    @property
    def recognizer_options(self) -> dict[str, Any]:
        """The recognizer that a worker loads, with its settings."""
        settings = self._settings
        folder = str(settings.whisper_model) if settings.whisper_model else None
        options = {"folder": folder, "beam": settings.whisper_beam, "device": settings.whisper_device}
        return {"name": self._recognizer, **options}

    @cached_property
    def recognized_languages(self) -> frozenset[str] | None:
        """The codes of the languages that the recognizer knows, None for no restriction."""
        return None if self._recognizer == _WHISPER else load_recognizer(self._recognizer).languages

    @property
    def _recognizer_identity(self) -> str:
        """As the recognizer itself states it; of a built-in one without loading its modules."""
        if self._recognizer == _POCKETSPHINX:
            return ""
        if self._recognizer == _WHISPER:
            return whisper_identity(self._settings.whisper_model, self._settings.whisper_beam)
        return load_recognizer(self._recognizer).identity


def with_whisper(settings: EngineSettings) -> EngineSettings:
    """The settings with Whisper as recognizer, unless they name another one. Raises `ConfigError` without Whisper."""
    if settings.recognizer or settings.whisper_model:
        return settings
    if not is_whisper_installed():
        raise ConfigError(
            "checks.recognizer is 'local', but Whisper is not installed: pip install 'voicemill[local]', or set "
            "VOICEMILL_WHISPER_MODEL to the folder of a model"
        )
    return replace(settings, recognizer=_WHISPER)


def _speech_backends(settings: EngineSettings) -> "list[SpeechBackend]":
    piper = []
    if settings.piper_voices:
        from voicemill.engine.synthesis.piper import Piper

        piper.append(Piper(settings.piper_voices))
    return [*piper, *map(load_speech_backend, settings.speech_backends)]


def _recognizer(settings: EngineSettings, *, is_natural: bool) -> str:
    """The name of the recognizer. Raises `ConfigError` if its model cannot be used."""
    default = _WHISPER if is_natural or settings.whisper_model else _POCKETSPHINX
    name = settings.recognizer or default
    if name == _WHISPER and settings.whisper_model is not None:
        check_whisper_model(settings.whisper_model)
    if name not in (_WHISPER, _POCKETSPHINX):
        load_recognizer(name)
    return name
