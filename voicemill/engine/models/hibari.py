"""The English voice inside the `hibari-tts` package."""

import importlib.util
from functools import cache
from pathlib import Path
from typing import Final

from voicemill.engine.models.digests import sha256_of
from voicemill.errors import ConfigError

HIBARI_VERSION: Final = "0.2.1"
HIBARI_SHA256: Final = "5f70741d4e900f4e85d0037498736cc1b3e1b9a63a13546a5da1e63abf4fccd8"
_MODEL: Final = "hibari.onnx"


def hibari_assets() -> Path:
    """The folder with the model, the vocabulary and the dictionaries. Raises `ConfigError` without the package."""
    package = importlib.util.find_spec("hibari")
    if package is None or package.origin is None:
        raise ConfigError("hibari-tts is not installed: pip install 'voicemill[local]'")
    return Path(package.origin).parent / "assets"


@cache
def hibari_model() -> Path:
    """The verified model file. Raises `ConfigError` when the package is missing or holds other weights.

    The path is used instead of a voice name, because the package downloads the voices that it does not contain.
    """
    model = hibari_assets() / _MODEL
    if not model.is_file() or sha256_of(model) != HIBARI_SHA256:
        raise ConfigError(f"{model} does not have the weights of hibari-tts {HIBARI_VERSION}: install that version")
    return model
