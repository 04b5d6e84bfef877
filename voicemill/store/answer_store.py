"""The answer store: each billed answer is a file named by the key of its call.

    answers/3/3f9a…e1.answer       voicemill-answer/2 <sha-256 of the body and the receipt>\n  {receipt as JSON}\n  body

Write order, and what a crash leaves behind:

1. The answer is written under a partial name. It then survives the death of the process: `open` commits complete
   partial files, and removes incomplete ones, whose calls are made again.
2. fsync, rename, fsync of the folder: the commit point. It then survives a power cut too.

The hash covers the body first and then the receipt, so that one pass over the body gives the hash of the body as well.
Every read verifies the hash of the file: a damaged answer is never used, it counts as missing.
"""

import fcntl
import hashlib
import json
import os
import re
import secrets
import stat
import weakref
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, fields, replace
from datetime import datetime
from operator import attrgetter
from pathlib import Path
from typing import ClassVar

from voicemill.errors import StorageError
from voicemill.model import Receipt, Word
from voicemill.store import durable_files as durable

_MAGIC = b"voicemill-answer/2 "
_FIRST_LINE_BYTES = len(_MAGIC) + 64 + 1
_SUFFIX = ".answer"
_PARTIAL = re.compile(rf".*{re.escape(_SUFFIX)}(\.[0-9a-f]{{8}})?{re.escape(durable.PARTIAL_SUFFIX)}", re.DOTALL)
_FOLDERS = "0123456789abcdef"
"""Few, because a group commit syncs each of its folders once."""
MAX_CACHED_BYTES = 1024 * 1024
"""The largest answer that stays in memory after it was written; larger ones are read again, one at a time."""
_RECEIPT_FIELDS = tuple(each.name for each in fields(Receipt))
_values = attrgetter(*_RECEIPT_FIELDS)
_AS_JSON = json.JSONEncoder(sort_keys=True)
"""`json.dumps` would create an encoder for each receipt."""


class AnswerDamaged(StorageError):
    """An answer is missing or damaged. Rerun the command: it makes the call again."""

    def __init__(self, key: str) -> None:
        super().__init__(f"the answer {key[:16]}… is missing or damaged; rerun the command to make its call again")
        self.key = key


class AnswerStore:
    """Answers by key, in a folder that several runs may use at the same time. Thread-safe."""

    is_remote: ClassVar[bool] = False
    """Whether workers on other machines store answers too, in a place that takes a request to look at."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._writer = secrets.token_hex(4)
        self._unlock: weakref.finalize[[int], AnswerStore] | None = None

    def open(self) -> int:
        """Create the folders and commit the answers that a killed run left partial. Returns their number.

        While another process has the store open, its partial files are answers in progress: then none is committed.
        """
        durable.make_folder(self.folder)
        durable.make_folders_in(self.folder, _FOLDERS)
        self.close()
        with durable.storage_errors(self.folder):
            lock = os.open(self.folder, os.O_RDONLY | os.O_DIRECTORY)
        self._unlock = weakref.finalize(self, os.close, lock)
        committed = self._commit_partials() if _is_unused(lock) else 0
        _mark_used(lock)
        return committed

    @property
    def writer(self) -> str:
        """The part of the names of partial answers that tells which process writes them."""
        return self._writer

    def commit_partials_of(self, writer: str) -> int:
        """Commit the answers that another process left partial when it was killed. Returns their number."""
        ending = f"{_SUFFIX}.{writer}{durable.PARTIAL_SUFFIX}"
        files = (path for name in _FOLDERS for path in (self.folder / name).iterdir())
        return sum(_adopt(path) for path in files if path.name.endswith(ending))

    def close(self) -> None:
        """Release the store, so that the next process that opens it commits partial answers."""
        if self._unlock is not None:
            self._unlock()
            self._unlock = None

    def has(self, key: str) -> bool:
        """Whether there is an answer for this key; its content is verified when it is read."""
        try:
            return stat.S_ISREG(os.stat(self._path_text(key)).st_mode)  # noqa: PTH116 - a tenth of the time of `Path.is_file`
        except FileNotFoundError:
            return False
        except OSError as error:
            raise StorageError(f"cannot read {self.folder}: {error.strerror}") from error

    def find(self, key: str) -> bool:
        """As `has`, but finds the answers too that workers on other machines have stored meanwhile; may block."""
        return self.has(key)

    def keep(self, receipt: Receipt, body: bytes) -> "StoredAnswer":
        """Write an answer so that it survives a crash of this process; `commit` the result next."""
        path = self._path(receipt.key)
        header, digest = _header(receipt), hashlib.sha256(body)
        sha256 = digest.hexdigest()
        digest.update(header)
        first_line = _MAGIC + digest.hexdigest().encode() + b"\n"
        durable.fault_point("before answer")
        # Two runs may get an answer for one key at the same time, so the partial name contains the writer.
        partial = durable.write_partial(path.with_name(f"{path.name}.{self._writer}"), (first_line, header, body))
        durable.fault_point("answer kept")
        return StoredAnswer(receipt, body if len(body) <= MAX_CACHED_BYTES else None, sha256, partial, path)

    def commit_all(self, kept: "Sequence[StoredAnswer]") -> "Sequence[StoredAnswer]":
        """Make answers durable under their names. Returns the stored answers, in order. Raises `StorageError`."""
        return commit_answers(kept)

    def receipt(self, key: str) -> Receipt | None:
        """The receipt of an undamaged answer, None if there is none."""
        found = self._read(key)
        return found[0] if found else None

    def read(self, key: str) -> tuple[Receipt, bytes]:
        """The receipt and the body of an answer. Raises `AnswerDamaged` if it is missing or damaged."""
        found = self._read(key)
        if found is None:
            raise AnswerDamaged(key)
        return found

    def discard(self, key: str) -> None:
        """Remove a damaged answer, so that its call is made again."""
        with durable.storage_errors(self._path(key)):
            self._path(key).unlink(missing_ok=True)

    def was_discarded(self, key: str) -> bool:
        """Whether this worker has found a damaged answer that is still in the place of the next one."""
        return False

    def files(self) -> Iterator[Path]:
        """All files in the store, answers and others, sorted by path."""
        if self.folder.is_dir():
            yield from (path for path in sorted(self.folder.rglob("*")) if not path.is_dir())

    def is_answer(self, path: Path) -> bool:
        """Whether a file of the store has the name and place of an answer."""
        return path == self._path(path.name.removesuffix(_SUFFIX))

    def is_whole(self, path: Path) -> bool:
        """Whether the file of an answer is undamaged and has the key that its name states."""
        return self.receipt(path.name.removesuffix(_SUFFIX)) is not None

    def _commit_partials(self) -> int:
        files = (path for name in _FOLDERS for path in (self.folder / name).iterdir())
        return sum(_adopt(path) for path in files if _PARTIAL.fullmatch(path.name))

    def _path(self, key: str) -> Path:
        return Path(self._path_text(key))

    def _path_text(self, key: str) -> str:
        return f"{self.folder}/{key[:1]}/{key}{_SUFFIX}"

    def _read(self, key: str) -> tuple[Receipt, bytes] | None:
        try:
            content = self._path(key).read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise StorageError(f"cannot read {self._path(key)}: {error.strerror}") from error
        return _parse(content, key)


@dataclass(frozen=True, slots=True)
class StoredAnswer:
    """An answer that is written but not committed; `sha256` is that of the body, and `body` is None if it is large."""

    receipt: Receipt
    body: bytes | None = field(repr=False)
    sha256: str
    partial: Path
    path: Path

    def commit(self) -> None:
        """Make the answer durable under its name. Raises `StorageError`."""
        commit_answers([self])


def commit_answers(kept: Sequence[StoredAnswer]) -> Sequence[StoredAnswer]:
    """Make answers durable under their names; many take little longer than one. Raises `StorageError`."""
    durable.commit_together([(answer.partial, answer.path) for answer in kept])
    for folder in {answer.path.parent for answer in kept}:
        durable.sync_folder(folder)
        durable.fault_point("after folder fsync")
    return kept


def _is_unused(descriptor: int) -> bool:
    """Whether no other process has the store open; true as well on file systems without locks."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        pass
    return True


def _mark_used(descriptor: int) -> None:
    with suppress(OSError):
        fcntl.flock(descriptor, fcntl.LOCK_SH)


def _adopt(partial: Path) -> bool:
    """Commit a complete partial answer, or remove an incomplete one; True if it was complete."""
    key = partial.name.split(".")[0]
    with durable.storage_errors(partial):
        if _parse(partial.read_bytes(), key) is None:
            partial.unlink()
            return False
    durable.commit(partial, partial.with_name(key + _SUFFIX))
    return True


def _header(receipt: Receipt) -> bytes:
    content = dict(zip(_RECEIPT_FIELDS, _values(receipt), strict=True))
    content |= {"asked_at": receipt.asked_at.isoformat(), "answered_at": receipt.answered_at.isoformat()}
    return _AS_JSON.encode(content).encode() + b"\n"


def _parse(content: bytes, key: str) -> tuple[Receipt, bytes] | None:
    if not content.startswith(_MAGIC):
        return None
    body_starts = content.find(b"\n", _FIRST_LINE_BYTES) + 1
    header, body = content[_FIRST_LINE_BYTES:body_starts], content[body_starts:]
    digest = hashlib.sha256(body)
    digest.update(header)
    if content[len(_MAGIC) : _FIRST_LINE_BYTES] != digest.hexdigest().encode() + b"\n":
        return None
    receipt = _receipt(header)
    return (receipt, body) if receipt is not None and receipt.key == key else None


def _receipt(header: bytes) -> Receipt | None:
    try:
        receipt = Receipt(**json.loads(header))
        return replace(
            receipt,
            words=tuple(Word(*word) for word in receipt.words),
            asked_at=datetime.fromisoformat(str(receipt.asked_at)),
            answered_at=datetime.fromisoformat(str(receipt.answered_at)),
        )
    except (ValueError, TypeError):
        return None
