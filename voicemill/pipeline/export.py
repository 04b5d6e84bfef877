"""Export transcripts, subtitles and data sets from the tables of a run, without a call."""

import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from voicemill.config import Subtitles, load_settings
from voicemill.errors import ConfigError
from voicemill.model import TEXT_FOLDER, Status, Transcript, Word, text_name
from voicemill.pipeline.export_datasets import DATASETS, DatasetExport
from voicemill.store.bucket_copies import place_of
from voicemill.store.bucket_files import outputs_of
from voicemill.store.bucket_results import attached_bucket
from voicemill.store.output_folder import OutputFolder, OutputRefused
from voicemill.store.results_folder import ResultsFolder, read_json
from voicemill.store.tables.items_table import read_items
from voicemill.store.tables.timings_tables import read_timings
from voicemill.text.segments import transcript_of
from voicemill.text.transcript_files import WRITERS

TABLES: Final = ("words.parquet", "segments.parquet")
FORMATS: Final = (*WRITERS, *TABLES, *DATASETS)
_COLUMNS = ("id", "status", "file_name", "op", "transcript", "language", "duration_s", "words")

Item = dict[str, Any]


@dataclass
class Exported:
    """The result of an export: rows with and without words, files written, and reasons for files not written."""

    formats: tuple[str, ...]
    folder: str
    rows: int = 0
    rows_without_words: int = 0
    files: int = 0
    refused: list[str] = field(default_factory=list)


def export(results: ResultsFolder, formats: Sequence[str], elsewhere: Path | None, rules: Subtitles) -> Exported:
    """Write `formats` of every finished row that has words, below `text/` or the folder `elsewhere`.

    A file that voicemill did not write is not replaced, but reported. The caller must hold the lock of the results
    folder. Raises `ConfigError` if no run has finished there, `TableDamaged` and `StorageError`.
    """
    if not results.items.is_file():
        raise ConfigError(f"{results.path} holds no finished run; run the manifest first")
    datasets = [name for name in formats if name in DATASETS]
    if datasets and attached_bucket(results) is not None:
        raise ConfigError(f"{', '.join(datasets)}: data sets name audio files on a disk; download the results first")
    exported = Exported(tuple(formats), str(elsewhere or f"{place_of(results)}/{TEXT_FOLDER}"))
    export = _Export(results, elsewhere, rules, exported)
    if not set(formats) <= set(DATASETS):
        export.rows([name for name in formats if name in WRITERS])
    export.tables([name for name in formats if name in TABLES])
    export.datasets(datasets)
    export.outputs.sync()
    return exported


def subtitle_rules(results: ResultsFolder, given: dict[str, object]) -> Subtitles:
    """The subtitle settings of the last run in the folder, overridden by `given`. Raises `ConfigError`."""
    run = (read_json(results.run_file) or {}).get("settings", {}).get("subtitles", {})
    known = {name: value for name, value in run.items() if name in Subtitles.model_fields}
    return load_settings(subtitles=known | given).subtitles


class _Export:
    def __init__(self, results: ResultsFolder, elsewhere: Path | None, rules: Subtitles, exported: Exported) -> None:
        self._results = results
        self._elsewhere = elsewhere is not None
        self._rules = rules
        self._exported = exported
        self._owners: dict[int, str] = {}
        self.outputs = OutputFolder(elsewhere, results.notes / "exported.log") if elsewhere else outputs_of(results)

    def rows(self, formats: Sequence[str]) -> None:
        """Write the files of each row, one row in memory at a time."""
        for item, words in _timed(self._results):
            if words is None:
                self._exported.rows_without_words += 1
                continue
            self._exported.rows += 1
            transcript = transcript_of(item["transcript"] or "", item["language"], item["duration_s"], words)
            for format in formats:
                self._deliver(item, format, transcript)

    def _deliver(self, item: Item, format: str, transcript: Transcript) -> None:
        name = self._place(text_name(item["file_name"], format))
        owner = self._owners.setdefault(hash(name), item["id"])
        if owner != item["id"]:
            self._exported.refused.append(
                f"row {item['id']!r} and row {owner!r} would both write {name}; give one of them another out"
            )
            return
        try:
            self.outputs.deliver_bytes(name, WRITERS[format](transcript, self._rules).encode())
            self._exported.files += 1
        except OutputRefused as refused:
            self._exported.refused.append(f"row {item['id']!r}: {refused}")

    def tables(self, names: Sequence[str]) -> None:
        """Copy the tables of words and segments."""
        for name in names:
            source = self._results.path / name
            if not source.is_file():
                self._exported.refused.append(f"{name} was not written: no row has words")
                continue
            place = self._place(f"{TEXT_FOLDER}/{name}")
            try:
                with self.outputs.new(place) as (file, partial), source.open("rb") as original:
                    shutil.copyfileobj(original, file)
                    file.flush()
                    self.outputs.deliver(partial, place)
                    self._exported.files += 1
            except OutputRefused as refused:
                self._exported.refused.append(str(refused))

    def datasets(self, names: Sequence[str]) -> None:
        """Write the finished rows as data sets."""
        folder = Path(self._exported.folder)
        for name in names:
            dataset = DatasetExport(self._results, self.outputs, folder)
            dataset.write(name, lambda file_name: self._place(f"{TEXT_FOLDER}/{file_name}"))
            self._exported.rows = max(self._exported.rows, dataset.rows)
            self._exported.files += dataset.files
            self._exported.refused += dataset.refused

    def _place(self, name: str) -> str:
        return name.removeprefix(f"{TEXT_FOLDER}/") if self._elsewhere else name


def _timed(results: ResultsFolder) -> Iterator[tuple[Item, list[Word] | None]]:
    """Every finished row with its words, None if it has none. Both tables have the same order."""
    timings = read_timings(results.words) if results.words.is_file() else iter(())
    row_id, lines = next(timings, ("", []))
    for item in read_items([results.items], columns=_COLUMNS):
        words = [Word(line["word"], line["start_s"], line["end_s"]) for line in lines] if item["id"] == row_id else []
        if words:
            row_id, lines = next(timings, ("", []))
        if item["status"] == Status.DONE:
            yield item, None if item["words"] is None else words
