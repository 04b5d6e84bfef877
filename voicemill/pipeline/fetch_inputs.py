"""Download inputs from allowed hosts and buckets, each URL once."""

from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from voicemill.audio.inspection.probe import Unlistenable
from voicemill.cartesia.downloads import Downloader
from voicemill.config import Inputs
from voicemill.model.urls import AddressFault, parse_address
from voicemill.store.input_cache import InputCache
from voicemill.store.object_store import bucket_of, download, is_object


@dataclass(frozen=True, slots=True)
class Fetch:
    """Provides the file behind a URL."""

    downloader: Downloader
    cache: InputCache

    @classmethod
    def into(cls, folder: Path, inputs: Inputs) -> "Fetch":
        """Store downloads in `folder`."""
        return cls(Downloader(inputs.allow_hosts, inputs.max_bytes), InputCache(folder))

    def __call__(self, address: str) -> Path:
        """The downloaded file of `address`. Raises `Unlistenable` if the URL is not allowed."""

        def fill(file: BinaryIO) -> str:
            if is_object(address):
                return download(address, file, self.downloader.max_bytes)
            return self.downloader.download(address, file).sha256

        try:
            self._check(address)
            return self.cache.get(address, fill)
        except AddressFault as fault:
            raise Unlistenable(str(fault), "address_refused") from None

    def keep(self, content: bytes) -> Path:
        """A file with this content. Raises `StorageError`."""
        return self.cache.keep(content)

    def _check(self, address: str) -> None:
        if not is_object(address):
            parse_address(address, self.downloader.allowed_hosts)
        elif bucket_of(address) not in self.downloader.allowed_hosts:
            bucket = bucket_of(address)
            raise AddressFault(f"is in a bucket that is not allowed; allow it with --allow-host {bucket}")
