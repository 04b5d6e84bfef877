"""Inputs by address: downloaded once, where their hosts are allowed."""

from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from voicemill.api.inputs import Downloader
from voicemill.audio.inspect import Unlistenable
from voicemill.config import Inputs
from voicemill.model.addresses import AddressFault, parse_address
from voicemill.store.inputs import InputCache


@dataclass(frozen=True, slots=True)
class Fetch:
    """Gives the file that is at an address."""

    downloader: Downloader
    cache: InputCache

    @classmethod
    def into(cls, folder: Path, inputs: Inputs) -> "Fetch":
        """Downloads go to `folder`."""
        return cls(Downloader(inputs.allow_hosts, inputs.max_bytes), InputCache(folder))

    def __call__(self, address: str) -> Path:
        """The file that came from `address`. Raises `Unlistenable`."""

        def fill(file: BinaryIO) -> str:
            return self.downloader.download(address, file).sha256

        try:
            parse_address(address, self.downloader.allowed_hosts)
            return self.cache.get(address, fill)
        except AddressFault as fault:
            raise Unlistenable(str(fault), "address_refused") from None
