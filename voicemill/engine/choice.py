"""Which of the two built-in engines runs."""

import importlib.util
from typing import Final, Literal

from voicemill.engine.models.hibari import hibari_assets, hibari_model
from voicemill.engine.models.whisper_base import WHISPER_BASE_PACKAGES, whisper_base_parts
from voicemill.engine.version import NATURAL_VERSION, NATURAL_VERSIONS
from voicemill.errors import ConfigError

EngineChoice = Literal["auto", "small", "local"]
ENGINE_VARIABLE: Final = "VOICEMILL_ENGINE"
CHOICES: Final[tuple[EngineChoice, ...]] = ("auto", "small", "local")
INSTALL_HINT: Final = "For natural voices and better transcripts: pip install 'voicemill[local]'."
_NATURAL_MARK: Final = "+hibari."
_WHISPER_PACKAGES: Final = ("faster_whisper", *WHISPER_BASE_PACKAGES)
_PACKAGES: Final = ("hibari", *_WHISPER_PACKAGES)


def resolved_engine(choice: EngineChoice) -> Literal["small", "local"]:
    """`local` if `choice` is `local`, or if it is `auto` and every package of `voicemill[local]` is installed.

    Raises `ConfigError` when `local` is required but incomplete, or the installed weights are not the expected ones.
    """
    if choice == "small" or (choice == "auto" and not is_local_installed()):
        return "small"
    if importlib.util.find_spec("faster_whisper") is None:
        raise ConfigError("faster-whisper is not installed: pip install 'voicemill[local]'")
    whisper_base_parts()
    hibari_assets()
    hibari_model()
    return "local"


def engine_of_service(service: str) -> EngineChoice:
    """The engine that gave answers the service name `service`."""
    return "local" if _NATURAL_MARK in service else "small"


def natural_version_of_service(service: str) -> str:
    """The version of the natural voices that gave answers the service name `service`; if unknown, the current one."""
    version = service.partition(_NATURAL_MARK)[2].partition("+")[0].rpartition(".")[2]
    return version if version in NATURAL_VERSIONS else NATURAL_VERSION


def is_local_installed() -> bool:
    """Whether every package of `voicemill[local]` is installed."""
    return _are_installed(_PACKAGES)


def is_whisper_installed() -> bool:
    """Whether Whisper base and the package that runs it are installed."""
    return _are_installed(_WHISPER_PACKAGES)


def _are_installed(packages: tuple[str, ...]) -> bool:
    return all(importlib.util.find_spec(name) is not None for name in packages)
