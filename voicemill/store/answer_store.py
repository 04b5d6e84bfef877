"""The answer store: a paid answer is a file named by the hash of its question.

    answers/3/3f9a…e1.answer       voicemill-answer/2 <sha-256 of the body and the receipt>\n  {receipt as JSON}\n  body

Write order, and what a crash leaves behind:

1. The answer is written under a partial name. From here on a killed process loses nothing: `open` adopts partial
   files that are whole. A torn one is removed, and its call is made again.
2. fsync, rename, fsync of the folder: the commit point. From here on a power cut loses nothing either.

The hash is over the body first and the receipt after it, so that one pass over the body gives its own hash as well.
Every read checks the whole file against its hash, so a damaged answer is never served: it counts as absent.
"""

import hashlib
import json
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import datetime
from operator import attrgetter
from pathlib import Path

from voicemill.errors import StorageError
from voicemill.model import Receipt, Word
from voicemill.store import durable_files as durable

_MAGIC = b"voicemill-answer/2 "
_FIRST_LINE_BYTES = len(_MAGIC) + 64 + 1
_SUFFIX = ".answer"
_FOLDERS = "0123456789abcdef"
"""Few, for answers that are committed together are waited for once in each of their folders."""
HANDED_ON_BYTES = 1024 * 1024
"""Up to which size an answer stays in memory after it was kept; larger ones are read again, one at a time."""
_RECEIPT_FIELDS = tuple(each.name for each in fields(Receipt))
_values = attrgetter(*_RECEIPT_FIELDS)
_AS_JSON = json.JSONEncoder(sort_keys=True)
"""`json.dumps` would make one for each receipt."""


class AnswerDamaged(StorageError):
    """An answer is missing or its bytes changed; ask its call again."""

    def __init__(self, key: str) -> None:
        super().__init__(f"the answer {key[:16]}… is missing or damaged; run the same command again to repeat it")
        self.key = key


class AnswerStore:
    """Answers by key, in a folder that many runs may share one after the other. Safe to use from several threads."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._sieve: _Sieve | None = None

    def open(self) -> int:
        """Make the folders, and save what a killed run left unfinished; how many answers were saved."""
        durable.make_folder(self.folder)
        durable.make_folders_in(self.folder, _FOLDERS)
        self._sieve = _Sieve()
        paths = (path for name in _FOLDERS for path in (self.folder / name).iterdir())
        return sum(_take_in(path, self._sieve) for path in paths)

    def has(self, key: str) -> bool:
        """Whether an answer of that name is kept; its content is checked when it is read."""
        if self._sieve is not None and not self._sieve.may_hold(key):
            return False
        with durable.storage_errors(self.folder):
            return self._path(key).is_file()

    def keep(self, receipt: Receipt, body: bytes) -> "KeptAnswer":
        """Write an answer so that the death of this process cannot lose it; `commit` the result next."""
        path = self._path(receipt.key)
        header, digest = _header(receipt), hashlib.sha256(body)
        sha256 = digest.hexdigest()
        digest.update(header)
        first_line = _MAGIC + digest.hexdigest().encode() + b"\n"
        durable.fault_point("before answer")
        partial = durable.write_partial(path, (first_line, header, body))
        if self._sieve is not None:
            self._sieve.add(receipt.key)
        durable.fault_point("answer kept")
        return KeptAnswer(receipt, body if len(body) <= HANDED_ON_BYTES else None, sha256, partial, path)

    def receipt(self, key: str) -> Receipt | None:
        """The receipt of a whole answer, or None where there is none (a damaged one counts as none)."""
        whole = self._read(key)
        return whole[0] if whole else None

    def read(self, key: str) -> tuple[Receipt, bytes]:
        """An answer's receipt and body. Raises `AnswerDamaged` where it is missing or damaged."""
        whole = self._read(key)
        if whole is None:
            raise AnswerDamaged(key)
        return whole

    def discard(self, key: str) -> None:
        """Remove a damaged answer, so that its call is made again."""
        with durable.storage_errors(self._path(key)):
            self._path(key).unlink(missing_ok=True)

    def files(self) -> Iterator[Path]:
        """Every file in the store, answers and others, in the order of their names."""
        if self.folder.is_dir():
            yield from (path for path in sorted(self.folder.rglob("*")) if not path.is_dir())

    def is_answer(self, path: Path) -> bool:
        """Whether a file of the store has an answer's name and place."""
        return path == self._path(path.name.removesuffix(_SUFFIX))

    def is_whole(self, path: Path) -> bool:
        """Whether an answer's file is undamaged and answers the question that it is named after."""
        return self.receipt(path.name.removesuffix(_SUFFIX)) is not None

    def _path(self, key: str) -> Path:
        return self.folder / key[:1] / f"{key}{_SUFFIX}"

    def _read(self, key: str) -> tuple[Receipt, bytes] | None:
        try:
            content = self._path(key).read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise StorageError(f"cannot read {self._path(key)}: {error.strerror}") from error
        return _parse(content, key)


class _Sieve:
    """Which keys may be kept: a bit for each hash of a key, in 1 MiB whatever their number.

    To look for a file that is not there takes its folder's lock, and where others are written to that folder just
    then, it waits for the disk. Of a million kept keys one absent key in nine is looked for all the same.
    """

    def __init__(self) -> None:
        self._bits = bytearray(1 << 20)

    def add(self, key: str) -> None:
        """From now on `key` may be there."""
        byte, mask = _place(key)
        self._bits[byte] |= mask

    def may_hold(self, key: str) -> bool:
        """False where `key` is certainly not there."""
        byte, mask = _place(key)
        return bool(self._bits[byte] & mask)


def _place(key: str) -> tuple[int, int]:
    """A byte of 2**20 and a bit in it, for any name that a file may have."""
    number = zlib.crc32(key.encode(errors="surrogateescape"))
    return number >> 12, 1 << (number & 7)


@dataclass(frozen=True, slots=True)
class KeptAnswer:
    """An answer that is written but not yet committed; `sha256` is that of its body, `body` there where it is small."""

    receipt: Receipt
    body: bytes | None = field(repr=False)
    sha256: str
    partial: Path
    path: Path

    def commit(self) -> None:
        """Make it durable under its name. Raises `StorageError`."""
        commit_answers([self])


def commit_answers(kept: Sequence[KeptAnswer]) -> Sequence[KeptAnswer]:
    """Make answers durable under their names, which takes little longer than for one. Raises `StorageError`."""
    durable.commit_together([(answer.partial, answer.path) for answer in kept])
    for folder in {answer.path.parent for answer in kept}:
        durable.sync_folder(folder)
        durable.fault_point("after folder fsync")
    return kept


def _take_in(path: Path, sieve: _Sieve) -> bool:
    """Know a file of the store; True where it is an answer that a killed run left unfinished, and is saved now."""
    is_saved = path.name.endswith(_SUFFIX + durable.PARTIAL_SUFFIX) and _adopt(path)
    if is_saved or path.name.endswith(_SUFFIX):
        sieve.add(path.name.partition(".")[0])
    return is_saved


def _adopt(partial: Path) -> bool:
    """Commit an answer that was written whole and remove one that was not; True where it was whole."""
    with durable.storage_errors(partial):
        if _parse(partial.read_bytes(), partial.name.split(".")[0]) is None:
            partial.unlink()
            return False
    durable.commit(partial, partial.with_name(partial.name.removesuffix(durable.PARTIAL_SUFFIX)))
    return True


def _header(receipt: Receipt) -> bytes:
    told = dict(zip(_RECEIPT_FIELDS, _values(receipt), strict=True))
    told |= {"asked_at": receipt.asked_at.isoformat(), "answered_at": receipt.answered_at.isoformat()}
    return _AS_JSON.encode(told).encode() + b"\n"


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
