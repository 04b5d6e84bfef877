"""Object stores (`s3://`, `gs://`): downloads of inputs, and uploads of results.

A results folder itself is always on a disk, because object stores have no locks, atomic renames or appends. Finished
files are uploaded object by object, and each object is either complete or missing (docs/adr/0007-object-stores.md).
"""

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO, Final

from voicemill.errors import ConfigError, StorageError
from voicemill.model.urls import AddressError

SCHEMES: Final = ("s3", "gs")
_BLOCK_BYTES: Final = 1 << 20


def is_object(address: str) -> bool:
    """Whether an address is in an object store."""
    return address.partition("://")[0] in SCHEMES and "://" in address


def bucket_of(address: str) -> str:
    """The store and bucket of an object, as in `s3://bucket`."""
    scheme, _, rest = address.partition("://")
    return f"{scheme}://{rest.partition('/')[0]}"


def download(address: str, file: BinaryIO, max_bytes: int) -> str:
    """Write an object to `file` and return its SHA-256. Raises `AddressError` and `ConfigError`."""
    digest, size = hashlib.sha256(), 0
    for block in _blocks(address):
        size += len(block)
        if size > max_bytes:
            raise AddressError(f"is larger than {max_bytes:,} bytes; raise inputs.max_bytes")
        digest.update(block)
        file.write(block)
    return digest.hexdigest()


def upload(files: Mapping[str, Path], target: str) -> None:
    """Upload files below the address `target`, by name and in order. Raises `StorageError` and `ConfigError`."""
    store, root = _store(target)
    for name, path in files.items():
        try:
            store.put_file(str(path), f"{root.rstrip('/')}/{name}")
        except Exception as error:  # each store has its own errors
            why = f"cannot write {target}/{name} ({_message_of(error)}); rerun the command to continue"
            raise StorageError(why) from None


def _blocks(address: str) -> Iterator[bytes]:
    store, path = _store(address)
    try:
        with store.open(path, "rb", block_size=_BLOCK_BYTES) as content:
            while block := content.read(_BLOCK_BYTES):
                yield block
    except Exception as error:  # each store has its own errors
        raise AddressError(f"cannot be downloaded ({_message_of(error)}); check it and your credentials") from None


def _message_of(error: Exception) -> str:
    return str(error)[:200] if isinstance(error, OSError) else type(error).__name__


def _store(address: str) -> tuple[Any, str]:
    scheme = address.partition("://")[0]
    try:
        import fsspec  # type: ignore[import-untyped]

        found: tuple[Any, str] = fsspec.url_to_fs(address, use_listings_cache=False)
    except ImportError:
        raise ConfigError(f"{scheme}:// needs: pip install 'voicemill[{scheme.replace('gs', 'gcs')}]'") from None
    return found
