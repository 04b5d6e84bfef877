"""Inputs by URL: downloaded once, from allowed hosts only."""

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from voicemill.audio.inspection.unlistenable import Unlistenable
from voicemill.config import Inputs
from voicemill.model.urls import AddressError, parse_address
from voicemill.store.input_cache import InputCache
from voicemill.store.object_store import bucket_of, download, is_object


@dataclass(frozen=True, slots=True)
class Fetch:
    """Downloads the file at a URL into a cache. The HTTP client is imported for the first download."""

    allowed_hosts: Collection[str]
    max_bytes: int
    cache: InputCache

    @classmethod
    def into(cls, folder: Path, inputs: Inputs) -> "Fetch":
        """Downloads go to `folder`."""
        return cls(inputs.allow_hosts, inputs.max_bytes, InputCache(folder))

    def __call__(self, address: str) -> Path:
        """The downloaded file. Raises `Unlistenable`."""

        def fill(file: BinaryIO) -> str:
            if is_object(address):
                return download(address, file, self.max_bytes)
            from voicemill.cartesia.downloads import Downloader

            return Downloader(self.allowed_hosts, self.max_bytes).download(address, file).sha256

        try:
            self._check(address)
            return self.cache.get(address, fill)
        except AddressError as fault:
            raise Unlistenable(str(fault), "address_refused") from None

    def keep(self, content: bytes) -> Path:
        """A file with this content. Raises `StorageError`."""
        return self.cache.keep(content)

    def _check(self, address: str) -> None:
        if not is_object(address):
            parse_address(address, self.allowed_hosts)
        elif bucket_of(address) not in self.allowed_hosts:
            bucket = bucket_of(address)
            raise AddressError(f"is in a bucket that is not allowed; allow it with --allow-host {bucket}")
