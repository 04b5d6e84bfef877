"""A folder with a Whisper model, checked without loading it."""

import hashlib
import importlib.util
from pathlib import Path
from typing import Final

from voicemill.engine.models.whisper_base import WHISPER_BASE_SHA256
from voicemill.errors import ConfigError

WHISPER_MODEL_VARIABLE: Final = "VOICEMILL_WHISPER_MODEL"
WHISPER_MISSING: Final = "faster-whisper is not installed: pip install 'voicemill[whisper]'"
DEVICES: Final = ("auto", "cpu", "cuda")
_GREEDY: Final = 1
_FOLDER_BEAM: Final = 5
_WEIGHTS: Final = "model.bin"
_TOKENIZER: Final = "tokenizer.json"
_ENDS_BYTES: Final = 1 << 20


def check_whisper_model(folder: Path) -> None:
    """Raises `ConfigError` when a file or the package is missing.

    Without this check, faster-whisper would download a missing model or tokenizer.
    """
    if not folder.is_dir():
        raise ConfigError(f"VOICEMILL_WHISPER_MODEL is {str(folder)!r}, which is not a folder. Correct or unset it.")
    for name in (_WEIGHTS, _TOKENIZER):
        if not (folder / name).is_file():
            raise ConfigError(
                f"VOICEMILL_WHISPER_MODEL is {str(folder)!r}, but there is no {name} in it. "
                "It must be the folder of a model in faster-whisper's format."
            )
    if importlib.util.find_spec("faster_whisper") is None:
        raise ConfigError(f"VOICEMILL_WHISPER_MODEL is set, but {WHISPER_MISSING}")


def whisper_identity(folder: Path | None, beam: int | None) -> str:
    """The digest of the weights, and the beam where it is not the default. No folder stands for Whisper base."""
    is_default = beam in (None, default_beam(folder))
    weights = f"whisper-base.{WHISPER_BASE_SHA256[:12]}" if folder is None else f"whisper.{whisper_digest(folder)}"
    return weights if is_default else f"{weights}.beam{beam}"


def default_beam(folder: Path | None) -> int:
    """The beam without a setting: greedy for Whisper base, faster-whisper's default for a model in a folder."""
    return _GREEDY if folder is None else _FOLDER_BEAM


def whisper_digest(folder: Path) -> str:
    """Twelve hex digits of a digest over the small files and both ends of the weights."""
    digest = hashlib.sha256()
    for path in sorted(path for path in folder.iterdir() if path.is_file()):
        size = path.stat().st_size
        digest.update(f"{path.name}\0{size}\0".encode())
        with path.open("rb") as file:
            digest.update(file.read(_ENDS_BYTES))
            file.seek(max(0, size - _ENDS_BYTES))
            digest.update(file.read())
    return digest.hexdigest()[:12]
