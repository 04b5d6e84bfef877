"""Downloads from the model hub: resumed where an earlier one broke off, and verified by size and digest."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Final

import httpx

from voicemill.engine.models.digests import sha256_of
from voicemill.engine.models.hub_models import HUB_MODELS, HubFile, HubModel
from voicemill.engine.settings import data_folder
from voicemill.errors import ConfigError, StorageError, Transient, VoicemillError

HUB_VARIABLE: Final = "HF_ENDPOINT"
"""The variable with which other programs set the hub's address, too."""
_HUB: Final = "https://huggingface.co"
_TIMEOUT_S: Final = 60.0
_ATTEMPTS: Final = 5
"""Interruptions in a row without a new byte, after which the download ends."""
_PARTIAL: Final = ".partial"

Progress = Callable[[HubFile, int], None]
"""Called with a file and the number of its bytes that are present."""


def hub_model(name: str) -> HubModel:
    """The model with that name. Raises `ConfigError` that lists all of them."""
    for model in HUB_MODELS:
        if model.name == name:
            return model
    raise ConfigError(f"unknown model {name!r}; choose one of {', '.join(model.name for model in HUB_MODELS)}")


def model_folder(model: HubModel) -> Path:
    """Where a model is stored unless another folder is given."""
    return data_folder() / "models" / model.name


def missing_files(model: HubModel, folder: Path) -> list[HubFile]:
    """The files of a model that are missing in `folder` or have another size."""
    return [file for file in model.files if _size_of(folder / file.name) != file.size_bytes]


def download_model(model: HubModel, folder: Path, progress: Progress = lambda _file, _bytes: None) -> None:
    """Download what is missing in `folder` and verify every file.

    Raises `Transient` when the hub cannot be reached, `ConfigError` when it answers with something else, and
    `StorageError` when the disk is full or a file cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _check_space(model, folder)
        headers = {"Accept-Encoding": "identity", "User-Agent": "voicemill"}
        with httpx.Client(follow_redirects=True, timeout=_TIMEOUT_S, headers=headers) as client:
            for file in model.files:
                _ensure_file(model, file, folder, client, progress)
    except OSError as error:
        raise StorageError(f"{folder}: {error.strerror or error}") from None


def _check_space(model: HubModel, folder: Path) -> None:
    needed = sum(file.size_bytes - _partial_size(folder, file) for file in missing_files(model, folder))
    free = shutil.disk_usage(folder).free
    if needed > free:
        raise StorageError(f"{folder}: {model.name} needs {needed:,} more bytes, but only {free:,} are free")


def _ensure_file(model: HubModel, file: HubFile, folder: Path, client: httpx.Client, progress: Progress) -> None:
    target, partial = folder / file.name, folder / f"{file.name}{_PARTIAL}"
    if _size_of(target) != file.size_bytes or sha256_of(target) != file.sha256:
        url = f"{_address()}/{model.repository}/resolve/{model.revision}/{file.name}"
        _complete(url, file, partial, client, progress)
        if sha256_of(partial) != file.sha256:
            partial.unlink()
            raise _unexpected(file, "its SHA-256 is not the expected one, so it was deleted; rerun the command")
        partial.replace(target)
    progress(file, file.size_bytes)


def _complete(url: str, file: HubFile, partial: Path, client: httpx.Client, progress: Progress) -> None:
    """Append to the partial file until it has its size; interruptions are resumed."""
    failures = 0
    while (size := _size_of(partial) or 0) < file.size_bytes:
        try:
            _append(url, file, partial, client, progress)
        except httpx.HTTPError as error:
            failures = 0 if (_size_of(partial) or 0) > size else failures + 1
            if failures == _ATTEMPTS:
                raise _unreachable(file, error) from None
    if size > file.size_bytes:
        partial.unlink()
        raise _unexpected(file, "it is larger than expected")


def _append(url: str, file: HubFile, partial: Path, client: httpx.Client, progress: Progress) -> None:
    size = _size_of(partial) or 0
    headers = {"Range": f"bytes={size}-"} if size else {}
    with client.stream("GET", url, headers=headers) as response:
        if response.status_code >= httpx.codes.INTERNAL_SERVER_ERROR:
            raise httpx.HTTPError(f"HTTP status {response.status_code}")
        if response.status_code not in (httpx.codes.OK, httpx.codes.PARTIAL_CONTENT):
            raise _unexpected(file, f"the hub answered with HTTP status {response.status_code}")
        resumed = response.status_code == httpx.codes.PARTIAL_CONTENT
        size = size if resumed else 0
        with partial.open("ab" if resumed else "wb") as content:
            for chunk in response.iter_raw():
                content.write(chunk)
                size += len(chunk)
                progress(file, size)
                if size > file.size_bytes:
                    return
    if size < file.size_bytes:
        raise httpx.HTTPError(f"the connection ended after {size:,} of {file.size_bytes:,} bytes")


def _unreachable(file: HubFile, error: httpx.HTTPError) -> VoicemillError:
    reason = str(error) or type(error).__name__
    return Transient(
        f"cannot download {file.name} from {_address()}: {reason}. Check the network connection and rerun the command; "
        "what has arrived is kept. Speech and transcription work offline without this model",
        billed="no",
    )


def _unexpected(file: HubFile, why: str) -> ConfigError:
    return ConfigError(f"cannot download {file.name} from {_address()}: {why}")


def _address() -> str:
    return (os.environ.get(HUB_VARIABLE, "").strip() or _HUB).rstrip("/")


def _size_of(path: Path) -> int | None:
    return path.stat().st_size if path.is_file() else None


def _partial_size(folder: Path, file: HubFile) -> int:
    return min(file.size_bytes, _size_of(folder / f"{file.name}{_PARTIAL}") or 0)
