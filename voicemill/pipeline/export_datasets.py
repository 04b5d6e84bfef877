"""Results as data sets for training and evaluation: manifests of NeMo and Lhotse, and an audio folder."""

import csv
import io
import json
import os
import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import IO, Any, Final

from voicemill.audio.inspection import Inspector
from voicemill.audio.inspection.unlistenable import Unlistenable
from voicemill.manifest.recording_cells import OUTPUT_MARK
from voicemill.model import Op, Recording, Status
from voicemill.model.csv_injection import guarded
from voicemill.store.output_folder import OutputFolder, OutputRefused
from voicemill.store.results_folder import ResultsFolder
from voicemill.store.tables.items_table import read_items

_COLUMNS: Final = (
    "id", "status", "op", "file_name", "transcript", "audio", "from_s", "to_s", "splice", "container", "language",
    "voice", "duration_s", "sample_rate_hz",
)  # fmt: skip

_ROUNDING_S: Final = 0.01

Item = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Utterance:
    """A text and the part of a recording in which it is spoken; `path` is absolute, times are in seconds."""

    id: str
    text: str
    path: Path
    start_s: float
    duration_s: float
    recording_s: float
    sample_rate_hz: int
    language: str
    speaker: str

    @property
    def is_whole(self) -> bool:
        """Whether the utterance is the whole recording."""
        return self.start_s == 0.0 and self.duration_s > self.recording_s - _ROUNDING_S


class NotExportable(Exception):
    """A finished row cannot be part of a data set; the message is the reason."""


@dataclass
class DatasetExport:
    """Writes data sets into `folder`, through `outputs`; `refused` lists omitted rows and files with the reasons."""

    results: ResultsFolder
    outputs: OutputFolder
    folder: Path
    rows: int = 0
    rows_without_text: int = 0
    files: int = 0

    def __post_init__(self) -> None:
        self.refused: list[str] = []

    def write(self, format: str, place: Callable[[str], str]) -> None:
        """Write one of `DATASETS`; `place` gives the path of a file in the output folder. Raises `StorageError`."""
        with Inspector() as inspect:
            utterances = list(self._utterances(lru_cache(1024)(inspect)))
        self.rows = len(utterances)
        try:
            if format == "nemo":
                self._lines(place("nemo.jsonl"), map(self._nemo, utterances))
            elif format == "lhotse":
                recordings = {one.path: one for one in utterances}.values()
                self._lines(place("recordings.jsonl"), map(_lhotse_recording, recordings))
                self._lines(place("supervisions.jsonl"), map(_lhotse_supervision, utterances))
            else:
                self._audio_folder(place, utterances)
        except OutputRefused as refused:
            self.refused.append(str(refused))

    def _utterances(self, inspect: Callable[[Path], Recording]) -> Iterator[Utterance]:
        for item in read_items([self.results.items], columns=_COLUMNS, status=[Status.DONE]):
            if not item["transcript"] or (item["op"] == Op.INFILL and item["splice"] is not False):
                self.rows_without_text += 1  # The text of a spliced passage is not that of its file.
                continue
            try:
                yield self._of_input(item, inspect) if item["op"] == Op.STT else self._of_output(item)
            except (NotExportable, Unlistenable) as why:
                self.refused.append(f"row {item['id']!r}: {why}")

    def _of_output(self, item: Item) -> Utterance:
        if item["container"] == "raw":
            raise NotExportable("its file has no header; run it with another container")
        path, duration_s = (self.results.path / item["file_name"]).absolute(), item["duration_s"]
        return _utterance(item, path, 0.0, duration_s, duration_s, item["sample_rate_hz"])

    def _of_input(self, item: Item, inspect: Callable[[Path], Recording]) -> Utterance:
        name = str(item["audio"])
        if name.startswith(OUTPUT_MARK):
            path = self.results.path / self._made.get(name.removeprefix(OUTPUT_MARK), "")
        else:
            path = Path(name)
        recording = inspect(path.absolute())
        start_s = item["from_s"] or 0.0
        stop_s = recording.duration_s if item["to_s"] is None else item["to_s"]
        return _utterance(
            item, path.absolute(), start_s, stop_s - start_s, recording.duration_s, recording.sample_rate_hz
        )

    @cached_property
    def _made(self) -> dict[str, str]:
        items = read_items([self.results.items], columns=("id", "file_name"), status=[Status.DONE])
        return {item["id"]: item["file_name"] for item in items}

    def _nemo(self, one: Utterance) -> dict[str, Any]:
        is_inside = one.path.is_relative_to(self.results.path.absolute())
        path = os.path.relpath(one.path, self.folder.absolute()) if is_inside else str(one.path)
        offset = {} if one.is_whole else {"offset": round(one.start_s, 6)}
        line = {"id": one.id, "audio_filepath": path, **offset, "duration": round(one.duration_s, 6), "text": one.text}
        return line | {"lang": one.language}

    def _lines(self, name: str, records: Iterable[dict[str, Any]]) -> None:
        with self._new(name) as file:
            for record in records:
                file.write((json.dumps(record, ensure_ascii=False) + "\n").encode())

    def _audio_folder(self, place: Callable[[str], str], utterances: Iterable[Utterance]) -> None:
        table = io.StringIO()
        writer = csv.writer(table, lineterminator="\n")
        writer.writerow(["file_name", "id", "transcription", "duration_s", "language"])
        names: dict[str, Path] = {}
        for one in utterances:
            if (
                one.duration_s < one.recording_s and one.start_s + one.duration_s < one.recording_s - 0.1
            ) or one.start_s:
                self.refused.append(
                    f"row {one.id!r}: its text is that of a passage, and an audio folder has whole files"
                )
                continue
            name = _free_name(one.path, names)
            names[name] = one.path
            with self._new(place(f"audiofolder/{name}")) as file, one.path.open("rb") as original:
                shutil.copyfileobj(original, file)
            writer.writerow(map(guarded, [name, one.id, one.text, round(one.duration_s, 3), one.language]))
        with self._new(place("audiofolder/metadata.csv")) as file:
            file.write(table.getvalue().encode())

    def _new(self, name: str) -> "_NewFile":
        self.files += 1
        return _NewFile(self.outputs, name)


class _NewFile:
    """A new file of the output folder, delivered when the block ends. Raises `OutputRefused` and `StorageError`."""

    def __init__(self, outputs: OutputFolder, name: str) -> None:
        self._outputs, self._name = outputs, name
        self._stack = ExitStack()

    def __enter__(self) -> IO[bytes]:
        self._file, self._partial = self._stack.enter_context(self._outputs.new(self._name))
        return self._file

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        with self._stack:
            if kind is None:
                self._file.flush()
                self._outputs.deliver(self._partial, self._name)


DATASETS: Final = ("nemo", "audiofolder", "lhotse")


def _utterance(
    item: Item, path: Path, start_s: float, duration_s: float, recording_s: float, rate_hz: int
) -> Utterance:
    language, speaker = item["language"] or "", item["voice"] or ""
    return Utterance(item["id"], item["transcript"], path, start_s, duration_s, recording_s, rate_hz, language, speaker)


def _free_name(path: Path, taken: dict[str, Path]) -> str:
    name, number = path.name, 2
    while taken.get(name, path) != path:
        name, number = f"{path.stem}-{number}{path.suffix}", number + 1
    return name


def _lhotse_recording(one: Utterance) -> dict[str, Any]:
    return {
        "id": str(one.path),
        "sources": [{"type": "file", "channels": [0], "source": str(one.path)}],
        "sampling_rate": one.sample_rate_hz,
        "num_samples": round(one.recording_s * one.sample_rate_hz),
        "duration": one.recording_s,
        "channel_ids": [0],
    }


def _lhotse_supervision(one: Utterance) -> dict[str, Any]:
    return {
        "id": one.id,
        "recording_id": str(one.path),
        "start": one.start_s,
        "duration": one.duration_s,
        "channel": 0,
        "text": one.text,
        "language": one.language,
        "speaker": one.speaker,
    }
