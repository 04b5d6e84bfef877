"""The output files of results in an object store: written through, and read from there when needed."""

import os
import threading
from collections.abc import Sequence
from pathlib import Path

from voicemill.store.answer_store import AnswerStore
from voicemill.store.bucket_answers import BucketAnswers, WorkerAnswers
from voicemill.store.bucket_results import AttachedBucket, attached_bucket
from voicemill.store.output_folder import (
    Delivered,
    OutputFolder,
    OutputRefused,
    WholeFile,
    recorded_files,
)
from voicemill.store.results_folder import ResultsFolder
from voicemill.store.worker_bucket import WorkerBucket


def answers_of(folder: ResultsFolder, elsewhere: str = "") -> AnswerStore:
    """The answers of a results folder, or of the object store that it is a copy of.

    `elsewhere` is the folder that the settings name. Raises `ConfigError` as `attached_bucket` does.
    """
    bucket = attached_bucket(folder)
    if isinstance(bucket, WorkerBucket):
        return WorkerAnswers(bucket)
    return AnswerStore(folder.answers(elsewhere)) if bucket is None else BucketAnswers(bucket)


def outputs_of(folder: ResultsFolder) -> OutputFolder:
    """The output files of a results folder, or of the object store that it is a copy of.

    Raises `ConfigError` as `attached_bucket` does.
    """
    bucket = attached_bucket(folder)
    return OutputFolder(folder.path, folder.written) if bucket is None else BucketOutputs(bucket)


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
            if not self._is_here(file_name) and self._bucket.find(file_name) is not None:
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
        self._bucket.store_part(part)

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
