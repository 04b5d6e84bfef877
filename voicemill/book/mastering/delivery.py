"""Deliver mastered files: encode, measure, correct once, and record what is delivered."""

import hashlib
import json
from collections.abc import Callable, Collection, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, BinaryIO, Final

from voicemill.book.mastering.measurement import Measurement, measure
from voicemill.book.mastering.media_file import Codec, Cover, Mark, write_media
from voicemill.book.mastering.passages import RATE_HZ, Passage, at_even_loudness, with_room_tone
from voicemill.book.mastering.shops import Limit, violations
from voicemill.store import durable_files as durable
from voicemill.store.output_folder import OutputFolder
from voicemill.store.results_folder import ResultsFolder, read_json, write_json

_VERSION: Final = 2
"""Raise it when the same input gives other bytes."""
_HIGHEST_PEAK_DB: Final = -3.0
_MARGIN_DB: Final = 0.3


@dataclass(frozen=True, slots=True)
class AudioFile:
    """A file to deliver. `sources` are the SHA-256s of the files that its passages come from."""

    name: str
    codec: Codec
    passages: tuple[Passage, ...]
    sources: tuple[str, ...]
    limits: tuple[Limit, ...]
    tags: Mapping[str, str]
    titles: tuple[str, ...] = ()
    cover: Cover | None = field(default=None, repr=False)

    @property
    def marks(self) -> list[Mark]:
        """The chapter marks: one for each passage, if there are titles."""
        marks: list[Mark] = []
        position = 0
        for title, passage in zip(self.titles, self.passages, strict=False):
            marks.append(Mark(title, position, position + passage.samples))
            position += passage.samples
        return marks

    @property
    def fingerprint(self) -> str:
        """The SHA-256 of all that determines the bytes of the file."""
        passages = [(passage.start_s, passage.stop_s, passage.gain_db) for passage in self.passages]
        cover = hashlib.sha256(self.cover.content).hexdigest() if self.cover else ""
        facts = [_VERSION, asdict(self.codec), passages, self.sources, dict(self.tags), self.titles, cover]
        return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()

    def corrected(self, measured: Measurement) -> "AudioFile":
        """The same file with a ceiling and gains that make up for what the encoder did."""
        over_db = max(0.0, measured.peak_db - _HIGHEST_PEAK_DB)
        ceiling_db = round(self.codec.ceiling_db - over_db - _MARGIN_DB * bool(over_db), 2)
        passages = tuple(at_even_loudness(one, ceiling_db) for one in self.passages)
        return replace(self, passages=passages, codec=replace(self.codec, ceiling_db=ceiling_db))


@dataclass(frozen=True, slots=True)
class DeliveredFile:
    """A delivered file with its measured values; `encodes` is how often it was encoded."""

    name: str
    sha256: str
    size_bytes: int
    measured: Measurement | None = None
    encodes: int = 0
    limits: tuple[Limit, ...] = ()

    def inside(self, package: str, folder: str) -> "DeliveredFile":
        """The same file as an entry of a package."""
        return replace(self, name=f"{package}/{folder}{self.name}")


class Delivery:
    """The folder of delivered files. Files that are complete and unchanged are not made again.

    `records` names the records of this folder among the notes of the results folder.
    """

    def __init__(self, results: ResultsFolder, folder: Path, report: Callable[[str], None], records: str) -> None:
        self.folder = folder
        self._place = _place(results, folder)
        self._outputs = OutputFolder(folder, results.notes / f"{records}.log")
        self._records_path = results.notes / f"{records}.json"
        self._records: dict[str, Any] = read_json(self._records_path) or {}
        self._report = report

    def remove_partials(self) -> None:
        """Remove what a killed command left behind."""
        for partial in self.folder.rglob(durable.PARTIALS) if self.folder.is_dir() else ():
            partial.unlink(missing_ok=True)

    def deliver_audio(self, audio: AudioFile) -> DeliveredFile:
        """Encode and measure a file, and once more if the encoder broke a limit. Raises `OutputRefused`."""
        fingerprint = audio.fingerprint
        known = self.known(audio.name, fingerprint)
        if known is not None:
            return replace(known, limits=audio.limits)
        with self._outputs.new(audio.name) as (file, partial):
            measured, encodes = self._copied(fingerprint, file, partial) or encode(audio, file, partial)
            return self._record(audio.name, fingerprint, partial, measured, encodes, audio.limits)

    def deliver_written(self, name: str, fingerprint: str, write: Callable[[BinaryIO], None]) -> DeliveredFile:
        """Deliver any other file, written by `write`."""
        known = self.known(name, fingerprint)
        if known is not None:
            return known
        with self._outputs.new(name) as (file, partial):
            write(file)
            file.flush()
            return self._record(name, fingerprint, partial, None, 0, ())

    def finish(self, table: str, content: bytes) -> None:
        """Write the table of delivered files, and make all names durable."""
        self._outputs.deliver_bytes(table, content)
        self._outputs.sync()

    def remove_superseded(self, folder: str, kept: Collection[str]) -> None:
        """Remove files of earlier commands from a folder, as after a change of title; files that were edited stay."""
        prefix = f"{self._place}{folder}/"
        for record_name in [name for name in self._records if name.startswith(prefix)]:
            name = record_name.removeprefix(self._place)
            if name in kept:
                continue
            path = self.folder / name
            if path.is_file() and durable.sha256_of(path) == self._records[record_name]["sha256"]:
                path.unlink()
                self._report(f"removed {name}, which an earlier command delivered")
            del self._records[record_name]
            write_json(self._records_path, self._records)

    def _record(
        self,
        name: str,
        fingerprint: str,
        partial: Path,
        measured: Measurement | None,
        encodes: int,
        limits: tuple[Limit, ...],
    ) -> DeliveredFile:
        delivered = self._outputs.deliver(partial, name)
        self._records[self._place + name] = {
            "fingerprint": fingerprint,
            "sha256": delivered.sha256,
            "size_bytes": delivered.size_bytes,
            "measured": asdict(measured) if measured else None,
            "encodes": encodes,
        }
        write_json(self._records_path, self._records)
        self._report(name)
        return DeliveredFile(name, delivered.sha256, delivered.size_bytes, measured, encodes, limits)

    def known(self, name: str, fingerprint: str) -> DeliveredFile | None:
        """A file that is there, unchanged, with this fingerprint."""
        record = self._records.get(self._place + name)
        if not record or record["fingerprint"] != fingerprint or self._outputs.size_of(name) is None:
            return None
        is_unchanged = durable.sha256_of(self.folder / name) == record["sha256"]
        return _delivered(name, record) if is_unchanged else None

    def recorded(self, audio: AudioFile) -> DeliveredFile:
        """A file as it was delivered last, whether it is still there or not."""
        return replace(_delivered(audio.name, self._records[self._place + audio.name]), limits=audio.limits)

    def _copied(self, fingerprint: str, file: BinaryIO, partial: Path) -> tuple[Measurement, int] | None:
        """Copy a file with the same content that was delivered under another name."""
        for name, record in self._records.items():
            source = self.folder / name.removeprefix(self._place)
            if record["fingerprint"] == fingerprint and record["measured"] and source.is_file():
                with source.open("rb") as original:
                    copy_bytes(original, file)
                file.flush()
                if durable.sha256_of(partial) == record["sha256"]:
                    return Measurement(**record["measured"]), record["encodes"]
                file.seek(0)
                file.truncate()
        return None


def _place(results: ResultsFolder, folder: Path) -> str:
    """The prefix of the names of records: a folder inside the results may move together with them."""
    whole, inside = results.path.absolute(), folder.absolute()
    return f"{inside.relative_to(whole) if inside.is_relative_to(whole) else inside}/"


def _delivered(name: str, record: dict[str, Any]) -> DeliveredFile:
    measured = Measurement(**record["measured"]) if record["measured"] else None
    return DeliveredFile(name, record["sha256"], record["size_bytes"], measured, record["encodes"])


def encode(audio: AudioFile, file: BinaryIO, partial: Path) -> tuple[Measurement, int]:
    """Encode a file and measure it; if it breaks a limit, encode it once more with corrected levels."""
    measured = _encoded(audio, file, partial)
    if not violations(measured, tuple(limit for limit in audio.limits if limit.value in ("rms_db", "peak_db"))):
        return measured, 1
    return _encoded(audio.corrected(measured), file, partial), 2


def _encoded(audio: AudioFile, file: BinaryIO, partial: Path) -> Measurement:
    file.seek(0)
    file.truncate()
    blocks = with_room_tone(audio.passages, audio.codec.ceiling_db)
    with durable.storage_errors(partial):
        write_media(file, audio.codec, blocks, RATE_HZ, tags=audio.tags, marks=audio.marks, cover=audio.cover)
        file.flush()
    return measure(partial)


def copy_bytes(source: BinaryIO, target: BinaryIO) -> None:
    """Copy the rest of a file in blocks of one megabyte."""
    while block := source.read(1 << 20):
        target.write(block)
