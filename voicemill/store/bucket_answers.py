"""The answers of results in an object store: written through, and read from there when needed."""

import hashlib
from collections.abc import Sequence
from contextlib import suppress
from typing import Final

from voicemill.errors import StorageError
from voicemill.model import Receipt
from voicemill.store import durable_files as durable
from voicemill.store.answer_store import MAX_CACHED_BYTES, AnswerStore, StoredAnswer
from voicemill.store.bucket_results import AttachedBucket
from voicemill.store.worker_bucket import WorkerBucket

_ATTEMPTS: Final = 3


class BucketAnswers(AnswerStore):
    """Answers in an object store. Those of other machines are downloaded when they are read."""

    def __init__(self, bucket: AttachedBucket) -> None:
        super().__init__(bucket.folder.answers(""))
        self._bucket = bucket

    def open(self) -> int:
        """Commit partial answers, and store those that a killed run has not stored."""
        committed = super().open()
        self._bucket.upload_missing([path for path in self.files() if self.is_answer(path)])
        return committed

    def has(self, key: str) -> bool:
        """Whether there is an answer for this key, here or in the store."""
        return super().has(key) or self._bucket.get(self._name(key)) is not None

    def commit_all(self, kept: Sequence[StoredAnswer]) -> Sequence[StoredAnswer]:
        """Make answers durable here and in the store, after the ledger that counts their calls."""
        super().commit_all(kept)
        self._bucket.upload([self._bucket.folder.spent])
        self._bucket.upload([answer.path for answer in kept])
        return kept

    def discard(self, key: str) -> None:
        """Remove a damaged answer here and in the store, so that its call is made again."""
        super().discard(key)
        if self._bucket.get(self._name(key)) is not None:
            self._bucket.delete([self._name(key)])

    def _read(self, key: str) -> tuple[Receipt, bytes] | None:
        name = self._name(key)
        if not super().has(key) and self._bucket.get(name) is not None:
            self._download(name)
        return super()._read(key)

    def _download(self, name: str) -> None:
        path = self._bucket.folder.path / name
        content = self._bucket.objects.read(name)
        if content is not None:
            with durable.open_partial(path) as (file, partial):
                file.write(content)
                file.flush()
                durable.commit(partial, path)

    def _name(self, key: str) -> str:
        return self._path(key).relative_to(self._bucket.folder.path).as_posix()


class WorkerAnswers(BucketAnswers):
    """Answers that several workers store at the same time. The first stored answer to a call stays."""

    is_remote = True

    def __init__(self, bucket: WorkerBucket) -> None:
        super().__init__(bucket)
        self._worker_bucket = bucket
        self._found: set[str] = set()
        self._damaged: set[str] = set()

    def open(self) -> int:
        """Create the folders."""
        return AnswerStore.open(self)

    def has(self, key: str) -> bool:
        """Whether there is an undamaged answer: here, stored before this worker started, or found since."""
        return key not in self._damaged and (super().has(key) or key in self._found)

    def find(self, key: str) -> bool:
        """As `has`, but finds the answers too that other workers have stored meanwhile; sends a request."""
        if key in self._damaged and self._read(key) is not None:
            self._damaged.discard(key)
        if key not in self._damaged and not self.has(key) and self._bucket.objects.stat(self._name(key)) is not None:
            self._found.add(key)
        return self.has(key)

    def commit_all(self, kept: Sequence[StoredAnswer]) -> Sequence[StoredAnswer]:
        """Store answers, after the ledger that counts their calls. Returns the answers that are stored, in order."""
        AnswerStore.commit_all(self, kept)
        self._worker_bucket.store_ledger()
        taken = self._worker_bucket.create([answer.path for answer in kept])
        stored = [self._first_stored(answer) if answer.path in taken else answer for answer in kept]
        self._found.update(answer.receipt.key for answer in kept)
        self._damaged.difference_update(answer.receipt.key for answer in kept)
        return stored

    def discard(self, key: str) -> None:
        """Remove a damaged answer here. The next one replaces it in the store, unless another worker has done so."""
        AnswerStore.discard(self, key)
        self._damaged.add(key)

    def was_discarded(self, key: str) -> bool:
        """Whether the object of the answer is damaged: the worker that has stored it makes the call no more."""
        return key in self._damaged

    def close(self) -> None:
        """Store the answers that could not be stored before, and release the folder."""
        paths = [path for path in self.files() if self.is_answer(path)]
        with suppress(StorageError):  # The error that was raised before stopped the run.
            self._worker_bucket.create([path for path in paths if self._is_unknown(path.stem)])
        super().close()

    def _is_unknown(self, key: str) -> bool:
        return self._bucket.get(self._name(key)) is None and key not in self._found

    def _first_stored(self, answer: StoredAnswer) -> StoredAnswer:
        """The answer of another worker that is stored already; a damaged one is replaced by `answer`."""
        name, own = self._name(answer.receipt.key), answer.path.read_bytes()
        for _ in range(_ATTEMPTS):
            found = self._bucket.objects.stat(name)
            AnswerStore.discard(self, answer.receipt.key)
            stored = self._read(answer.receipt.key)
            if stored is not None:
                receipt, body = stored
                kept = body if len(body) <= MAX_CACHED_BYTES else None
                return StoredAnswer(receipt, kept, hashlib.sha256(body).hexdigest(), answer.partial, answer.path)
            durable.write_file(answer.path, own)
            objects = self._bucket.objects
            if objects.create(name, own) if found is None else objects.replace(name, own, found.etag):
                return answer
        raise StorageError(f"{self._bucket.address}/{name} cannot be written; rerun the command to continue")

    def _read(self, key: str) -> tuple[Receipt, bytes] | None:
        if not AnswerStore.has(self, key):
            self._download(self._name(key))
        return AnswerStore._read(self, key)
