"""Object stores (`s3://`, `gs://`): downloads of inputs, and uploads of results.

Files are uploaded object by object, and each object is either complete or missing (docs/adr/0007-object-stores.md).
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from os import PathLike
from pathlib import Path
from typing import Any, BinaryIO, Final, NamedTuple

from voicemill.errors import ConfigError, StorageError
from voicemill.model.urls import AddressError

SCHEMES: Final = ("s3", "gs")
_BLOCK_BYTES: Final = 1 << 20
_SMALL_FILE_BYTES: Final = 8 << 20
_FILES_AT_ONCE: Final = 32


def is_object(address: str) -> bool:
    """Whether an address is in an object store."""
    return address.partition("://")[0] in SCHEMES and "://" in address


def object_address(path: str | PathLike[str]) -> str:
    """The address in an object store that was given as a path, empty for other paths.

    A `Path` has only one of the two slashes.
    """
    scheme, colon, rest = str(path).partition(":/")
    return f"{scheme}://{rest.lstrip('/')}" if colon and scheme in SCHEMES else ""


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


class StoredObject(NamedTuple):
    """An object: its size in bytes, and its ETag, which changes with its content."""

    size_bytes: int
    etag: str


class ObjectFolder:
    """The objects below an address such as `s3://bucket/prefix`, by name. Thread-safe.

    All methods raise `StorageError` if the store cannot be reached or refuses the request.
    """

    def __init__(self, address: str) -> None:
        self.address = address.rstrip("/")
        self._store, root = _store(self.address)
        self._root = root.rstrip("/")

    def list(self, below: str = "") -> dict[str, StoredObject]:
        """The objects whose names start with the folder `below`."""
        with self._errors("list", below):
            found = self._store.find(f"{self._root}/{below}".rstrip("/"), detail=True)
        start, files = len(self._root) + 1, {name: info for name, info in found.items() if "ETag" in info}
        return {name[start:]: StoredObject(info["size"], info["ETag"]) for name, info in files.items()}

    def stat(self, name: str) -> StoredObject | None:
        """The size and ETag of an object, by one request; None if there is none."""
        bucket, key, _ = self._store.split_path(f"{self._root}/{name}")
        with self._errors("read", name):
            try:
                found = self._store.call_s3("head_object", Bucket=bucket, Key=key)
            except FileNotFoundError:
                return None
        return StoredObject(found["ContentLength"], found["ETag"])

    def read(self, name: str) -> bytes | None:
        """The content of an object, None if there is none."""
        with self._errors("read", name):
            try:
                # With one request at a time, the store is not asked for the size first.
                content: bytes = self._store.cat_file(f"{self._root}/{name}", max_concurrency=1)
            except FileNotFoundError:
                return None
        return content

    def read_json(self, name: str) -> dict[str, Any]:
        """The content of a JSON object; empty if there is none, or it is damaged."""
        try:
            content = json.loads(self.read(name) or b"{}")
        except ValueError:
            return {}
        return content if isinstance(content, dict) else {}

    def read_all(self, names: Iterable[str]) -> dict[str, bytes]:
        """The contents of those objects that exist, many at the same time."""
        with ThreadPoolExecutor(_FILES_AT_ONCE) as threads:
            found = {name: threads.submit(self.read, name) for name in names}
        contents = {name: reading.result() for name, reading in found.items()}
        return {name: content for name, content in contents.items() if content is not None}

    def download(self, files: Mapping[str, Path]) -> None:
        """Write objects to files, many at the same time."""
        names = list(files)
        for start in range(0, len(names), _FILES_AT_ONCE):
            some = names[start : start + _FILES_AT_ONCE]
            with self._errors("read", some[0]):
                self._store.get([f"{self._root}/{name}" for name in some], [str(files[name]) for name in some])

    def write(self, contents: Mapping[str, bytes]) -> None:
        """Write objects, many at the same time."""
        with self._errors("write", next(iter(contents), "")):
            self._store.pipe({f"{self._root}/{name}": content for name, content in contents.items()})

    def upload(self, files: Mapping[str, Path]) -> None:
        """Write files as objects; small ones many at the same time."""
        small = {name: path for name, path in files.items() if path.stat().st_size <= _SMALL_FILE_BYTES}
        names = list(small)
        for start in range(0, len(names), _FILES_AT_ONCE):
            self.write({name: small[name].read_bytes() for name in names[start : start + _FILES_AT_ONCE]})
        for name in files.keys() - small.keys():
            with self._errors("write", name):
                self._store.put_file(str(files[name]), f"{self._root}/{name}")

    def delete(self, names: Iterable[str]) -> None:
        """Delete objects that exist."""
        found = [f"{self._root}/{name}" for name in names]
        if found:
            with self._errors("delete", found[0]):
                self._store.rm(found)

    def create(self, name: str, content: bytes) -> str | None:
        """Write an object unless it exists; returns its ETag, None if it exists."""
        return self._write_if(name, content, IfNoneMatch="*")

    def create_all(self, contents: Mapping[str, bytes]) -> set[str]:
        """Write those objects that do not exist, many at the same time. Returns the names of the others."""
        with ThreadPoolExecutor(_FILES_AT_ONCE) as threads:
            created = {name: threads.submit(self.create, name, content) for name, content in contents.items()}
        return {name for name, creating in created.items() if creating.result() is None}

    def replace(self, name: str, content: bytes, etag: str) -> str | None:
        """Write an object if its ETag is still `etag`; returns the new ETag, None if another process changed it."""
        return self._write_if(name, content, IfMatch=etag)

    def _write_if(self, name: str, content: bytes, **condition: str) -> str | None:
        with self._errors("write", name):
            try:
                return str(self._store.pipe_file(f"{self._root}/{name}", content, **condition)["ETag"])
            except (OSError, ValueError) as error:
                if _failed_condition(error):
                    return None
                raise

    @contextmanager
    def _errors(self, verb: str, name: str) -> Iterator[None]:
        try:
            yield
        except Exception as error:  # each store has its own errors
            place = f"{self.address}/{name}".rstrip("/")
            raise StorageError(f"cannot {verb} {place} ({_message_of(error)}); rerun the command to continue") from None


def _failed_condition(error: Exception) -> bool:
    """Whether a conditional write was refused because its condition does not hold, or another one is in progress."""
    response = getattr(error.__cause__, "response", {})
    return response.get("Error", {}).get("Code") in ("PreconditionFailed", "ConditionalRequestConflict", "NoSuchKey")


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
