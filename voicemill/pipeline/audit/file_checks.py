"""Check delivered files: each matches its row in the table, and no other files exist."""

import mmap
import os
import stat
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

from voicemill.audio.decode import UndecodableAudio, decode
from voicemill.audio.wav_header import NotWav, probe_wav
from voicemill.model import Status
from voicemill.model.audio_formats import BYTES_PER_SAMPLE
from voicemill.pipeline.audit.table_checks import Item, digest_of
from voicemill.pipeline.audit.violations import Kind, Violation
from voicemill.store.durable_files import PARTIAL_SUFFIX
from voicemill.store.output_folder import recorded_files
from voicemill.store.results_folder import ResultsFolder

_TOLERANCE_S = {"wav": 0.001, "raw": 0.001, "flac": 0.001}
_TOLERANCE_OF_THE_REST_S = 0.1
_OURS = {
    *("audio", "text", "answers", ".voicemill", ResultsFolder.REPORT),
    *ResultsFolder.PUBLISHED,
    *ResultsFolder.TIMINGS,
}
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


class FileCheck:
    """Compares files with the rows of the table, then reports files that belong to no row."""

    def __init__(self, folder: ResultsFolder) -> None:
        self._folder = folder
        self._seen: set[str] = set()

    def of_row(self, item: Item) -> Iterator[Violation]:
        """Violations in the files of a finished row."""
        if item["status"] != Status.DONE:
            return
        for made in (item, *(item["more_files"] or ())):
            name = str(made["file_name"])
            if name in self._seen:
                yield Violation(Kind.ROW, name, "two rows have this file", item["id"])
            self._seen.add(name)
            try:
                why = _fault(self._folder.path / name, made)
            except (KeyError, TypeError, ValueError):  # the table is damaged
                why = "the values in the table are not possible; rerun the same command"
            if why:
                yield Violation(Kind.FILE, name, why, item["id"])

    def others(self) -> Iterator[Violation]:
        """Partial, foreign and changed files that belong to no finished row, and files that other users may read."""
        noted = recorded_files(self._folder.written)
        for path, found in _below(self._folder.path):
            name = path.relative_to(self._folder.path).as_posix()
            if _is_ours(name) and found.st_mode & _OTHERS and not stat.S_ISLNK(found.st_mode):
                yield Violation(Kind.MODE, name, "other users may read or write it")
            if stat.S_ISDIR(found.st_mode) or name in self._seen or not self._is_output(path):
                continue
            if name.endswith(PARTIAL_SUFFIX):
                yield Violation(Kind.PARTIAL, name, "a partial file was left behind")
            elif name not in noted:
                yield Violation(Kind.STRANGER, name, "voicemill did not write it")
            elif digest_of(path) not in noted[name]:
                yield Violation(
                    Kind.STRANGER, name, "it no longer belongs to a row, and was changed after it was written"
                )

    def _is_output(self, path: Path) -> bool:
        return any(path.is_relative_to(folder) for folder in self._folder.outputs)


def _is_ours(name: str) -> bool:
    """Whether a path belongs to voicemill; a user may keep other files beside the tables."""
    return "/" in name or name in _OURS


def _below(folder: Path) -> Iterator[tuple[Path, os.stat_result]]:
    for path in sorted(folder.rglob("*")):
        yield path, path.lstat()


def _fault(path: Path, item: Item) -> str:
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return "it is missing"
    if not stat.S_ISREG(mode):
        return "it is not a regular file"
    size_bytes = path.stat().st_size
    if size_bytes != item["size_bytes"]:
        return f"it has {size_bytes} bytes; the table says {item['size_bytes']}"
    if size_bytes == 0:  # an empty file cannot be mapped
        return "" if item["sha256"] == sha256().hexdigest() else "it is empty"
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as body:
        if sha256(body).hexdigest() != item["sha256"]:
            return "its content differs from the SHA-256 in the table"
        return _fault_of_length(path, body, item) if item.get("container") else ""


def _fault_of_length(path: Path, body: mmap.mmap, item: Item) -> str:
    try:
        found_s = _duration_s(path, body, item)
    except (NotWav, UndecodableAudio) as fault:
        return str(fault)
    if abs(found_s - item["duration_s"]) <= _TOLERANCE_S.get(item["container"], _TOLERANCE_OF_THE_REST_S):
        return ""
    return f"its duration is {found_s:.3f} s; the table says {item['duration_s']:.3f} s"


def _duration_s(path: Path, body: mmap.mmap, item: Item) -> float:
    if item["container"] == "wav" and item["encoding"] in BYTES_PER_SAMPLE:
        return probe_wav(body).duration_s
    if item["container"] == "raw":
        return len(body) / BYTES_PER_SAMPLE[item["encoding"]] / int(item["sample_rate_hz"])
    rate_hz = int(item["sample_rate_hz"])
    return sum(len(block) for block in decode(path, rate_hz)) / rate_hz
