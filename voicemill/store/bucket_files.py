"""The answers and the output files of results in an object store: written through, and read from there when needed."""

import os
import threading
from collections.abc import Sequence
from pathlib import Path

from voicemill.model import Receipt
from voicemill.store import durable_files as durable
from voicemill.store.answer_store import AnswerStore, StoredAnswer
from voicemill.store.bucket_results import AttachedBucket, attached_bucket
from voicemill.store.output_folder import (
    Delivered,
    OutputFolder,
    OutputRefused,
    WholeFile,
    recorded_files,
)
from voicemill.store.results_folder import ResultsFolder


def answers_of(folder: ResultsFolder, elsewhere: str = "") -> AnswerStore:
    """The answers of a results folder, or of the object store that it is a copy of.

    `elsewhere` is the folder that the settings name. Raises `ConfigError` as `attached_bucket` does.
    """
    bucket = attached_bucket(folder)
    return AnswerStore(folder.answers(elsewhere)) if bucket is None else BucketAnswers(bucket)


def outputs_of(folder: ResultsFolder) -> OutputFolder:
    """The output files of a results folder, or of the object store that it is a copy of.

    Raises `ConfigError` as `attached_bucket` does.
    """
    bucket = attached_bucket(folder)
    return OutputFolder(folder.path, folder.written) if bucket is None else BucketOutputs(bucket)


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


class BucketOutputs(OutputFolder):
    """Output files, stored when their shard ends, before the part of the table that lists them."""

    def __init__(self, bucket: AttachedBucket) -> None:
        super().__init__(bucket.folder.path, bucket.folder.written)
        self._bucket = bucket
        self._made_earlier = frozenset(recorded_files(bucket.folder.written))
        self._pending: dict[str, None] = {}
        self._lines: list[str] = []
        self._uploading = threading.Lock()
        self._downloading = threading.Lock()

    def size_of(self, file_name: str) -> int | None:
        """The size of a file here, or in the store if it is only there."""
        stored = self._bucket.get(file_name)
        return super().size_of(file_name) if self._is_here(file_name) or stored is None else stored.size_bytes

    def is_unchanged(self, file_name: str, sha256: str, recorded_at_ns: int) -> bool:
        """Whether a file is as recorded. One that is only in the store is: no other process writes there."""
        if self._is_here(file_name):
            return super().is_unchanged(file_name, sha256, recorded_at_ns)
        return self._bucket.get(file_name) is not None

    def is_as_recorded(self, file_name: str, size_bytes: int, sha256: str, recorded_at_ns: int) -> bool:
        """Whether a file, here or in the store, has the size and hash of a table."""
        if self._is_here(file_name):
            return super().is_as_recorded(file_name, size_bytes, sha256, recorded_at_ns)
        return self.size_of(file_name) == size_bytes

    def local_path(self, file_name: str) -> Path:
        """The absolute path of a delivered file; one that another machine has made is downloaded."""
        with self._downloading:
            if not self._is_here(file_name) and self._bucket.get(file_name) is not None:
                self._bucket.download_changed([file_name])
        return super().local_path(file_name)

    def deliver_all(self, files: Sequence[WholeFile]) -> list[Delivered | OutputRefused]:
        """Write files to their places; `sync` stores them."""
        outcomes = super().deliver_all(files)
        delivered = [file.name for file, one in zip(files, outcomes, strict=True) if isinstance(one, Delivered)]
        with self._lock:
            self._pending.update(dict.fromkeys(delivered))
        return outcomes

    def sync(self) -> None:
        """Store the delivered files and the log that records them; call it before a table lists them."""
        super().sync()
        with self._uploading:  # a caller must not continue while another one stores its files
            with self._lock:
                pending, lines = list(self._pending), self._lines
                self._pending, self._lines = {}, []
            if lines:
                self._bucket.append_to_log(lines)
            self._bucket.upload([self.folder / name for name in pending])

    def store_part(self, part: Path) -> None:
        """Store the part of a shard, after the tables of words, segments and passages that belong to it."""
        self._bucket.upload([*sorted(part.parent.glob(f"*/{part.name}")), part])

    def _deliver(self, partial: Path, file_name: str, delivered: Delivered) -> Delivered:
        done = super()._deliver(partial, file_name, delivered)
        with self._lock:
            self._pending[file_name] = None
        return done

    def _is_free(self, target: Path, file_name: str, delivered: Delivered) -> bool:
        is_foreign = self._bucket.get(file_name) is not None and file_name not in self._made_earlier
        if is_foreign and not self._is_here(file_name):
            raise OutputRefused(
                f"{self._bucket.address}/{file_name} exists and was not written by voicemill; move it away or choose "
                "another out",
                "output_exists",
            )
        return super()._is_free(target, file_name, delivered)

    def _record(self, lines: Sequence[str]) -> None:
        super()._record(lines)
        with self._lock:
            self._lines += lines

    def _is_here(self, file_name: str) -> bool:
        return os.path.lexists(self.folder / file_name)
