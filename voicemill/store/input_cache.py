"""The cache of downloaded inputs: each address is downloaded once per results folder."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from voicemill.store import durable_files as durable

Fill = Callable[[BinaryIO], str]
"""Writes the content to a file and returns its SHA-256."""


class InputCache:
    """Files in `folder`, named by their SHA-256; an index maps addresses to them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._index = folder / "addresses.jsonl"
        self._known = self._read()

    def get(self, address: str, fill: Fill) -> Path:
        """The file for `address`, written by `fill` if missing. Raises `StorageError` and the errors of `fill`."""
        cached = self._folder / self._known.get(address, ".")
        if cached.is_file():
            return cached
        durable.make_folder(self._folder)
        with durable.open_partial(self._folder / "input") as (file, partial):
            digest = fill(file)
            file.flush()
            durable.commit(partial, self._folder / digest)
        durable.append_lines(self._index, [json.dumps([address, digest])])
        self._known[address] = digest
        return self._folder / digest

    def keep(self, content: bytes) -> Path:
        """The file with this content, written now unless it is there. Raises `StorageError`."""
        path = self._folder / hashlib.sha256(content).hexdigest()
        if not path.is_file():
            durable.make_folder(self._folder)
            with durable.open_partial(self._folder / "input") as (file, partial):
                file.write(content)
                file.flush()
                durable.commit(partial, path)
        return path

    def _read(self) -> dict[str, str]:
        known: dict[str, str] = {}
        try:
            lines = self._index.read_text(encoding="utf-8").splitlines()
        except FileNotFoundError:
            return known
        for line in lines:
            try:
                address, digest = json.loads(line)
            except ValueError:
                continue
            known[address] = Path(digest).name
        return known
