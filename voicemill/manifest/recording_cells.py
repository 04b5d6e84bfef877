"""The cells that name audio. Files are located, decoded and hashed before anything is sent."""

import os
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol

from voicemill.audio.inspection.unlistenable import Unlistenable
from voicemill.manifest.problems import CellReport
from voicemill.manifest.text_cells import unusable_character
from voicemill.model import Recording, Refusal
from voicemill.model.urls import is_address


class InputStore(Protocol):
    """Stores inputs that are not separate files: downloads, and audio inside a table."""

    def __call__(self, address: str) -> Path:
        """The file at an address. Raises `Unlistenable`."""
        ...

    def keep(self, content: bytes) -> Path:
        """A file with this content. Raises `Unlistenable`."""
        ...


class NoInputStore:
    """Refuses to download or to keep anything."""

    def __call__(self, address: str) -> Path:
        """Raise `Unlistenable`."""
        raise Unlistenable("is an address, and nothing is downloaded here; download it first", "address_refused")

    def keep(self, content: bytes) -> Path:
        """Raise `Unlistenable`."""
        raise Unlistenable("is stored inside the manifest, not in a file; write it to a file first", "audio_refused")


Inspect = Callable[[Path, str], Recording]
"""Inspects a file, of which it uses the audio track with this number or language. Raises `Unlistenable`."""

OUTPUT_MARK = "@"
"""The mark before an id that stands for the output of that row."""

_RECORDINGS_KEPT = 4096
_LEADS_OUT = "is a link to a place outside the folder; copy its target into the folder, or list the target itself"
_LONGEST_TIME_CHARACTERS = 32
NO_INPUT_STORE: InputStore = NoInputStore()


class RecordingFolder:
    """Finds recordings. Relative paths start at `folder`, or else at its subfolder `data_folder`.

    A path that leads out of `root`, for example through a link, is refused (None: any path is allowed). With
    `takes_outputs`, a cell may name the output of another row.
    """

    def __init__(
        self,
        folder: Path,
        root: Path | None,
        inspect: Inspect,
        *,
        takes_outputs: bool = False,
        store: InputStore = NO_INPUT_STORE,
        data_folder: str = "",
    ) -> None:
        self._store = store
        self._data_folder = data_folder
        self.takes_outputs = takes_outputs
        self._folder = folder
        self._root = root
        self._inspect = inspect
        self._inspected = lru_cache(_RECORDINGS_KEPT)(self._inspect_named)

    def find(self, name: str, column: str, report: CellReport, track: str = "") -> Recording | None:
        """The recording that a cell names; None, and a problem in `report`, if it cannot be used.

        In a manifest `@id` is the output of the row with that id, and `./@name` the file `@name`. `track` is the number
        or the language of an audio track; empty for the default one.
        """
        if why := unusable_character(name):
            report.problem(column, why, code="bad_name")
            return None
        if self.takes_outputs and name.startswith(OUTPUT_MARK):
            return Recording(made_by=name.removeprefix(OUTPUT_MARK))
        recording, refusal = self._inspected(name, track)
        if refusal:
            report.problem(column, f"{name!r} {refusal.why}", code=refusal.code)
        _warn_of(recording, name, column, report, is_chosen=bool(track))
        return recording

    def embedded(self, value: Mapping[str, Any], column: str, report: CellReport, track: str = "") -> Recording | None:
        """The recording in a cell that holds `bytes` or a `path`, as Hugging Face data sets store audio."""
        name = str(value.get("path") or "")
        if not value.get("bytes"):
            if name:
                return self.find(name, column, report, track)
            report.problem(column, "the cell has neither bytes nor a path; fill in one of them or remove the row")
            return None
        try:
            return self._inspect(self._store.keep(value["bytes"]), track)
        except Unlistenable as refused:
            report.problem(column, f"the audio in this cell{f' ({name})' if name else ''} {refused}", code=refused.code)
            return None

    def _inspect_named(self, name: str, track: str) -> tuple[Recording | None, Refusal | None]:
        if is_address(name):
            return self._inspect_fetched(name, track)
        path = self._folder / name
        if self._data_folder and not path.is_file():
            path = self._folder / self._data_folder / name
        if self._root is not None and not Path(os.path.realpath(path)).is_relative_to(self._root):
            return None, Refusal("link_outside", _LEADS_OUT)
        try:
            return self._inspect(path, track), None
        except Unlistenable as refused:
            return None, Refusal(refused.code, str(refused))

    def _inspect_fetched(self, address: str, track: str) -> tuple[Recording | None, Refusal | None]:
        try:
            return replace(self._inspect(self._store(address), track), address=address), None
        except Unlistenable as refused:
            return None, Refusal(refused.code, str(refused))


def _warn_of(recording: Recording | None, name: str, column: str, report: CellReport, *, is_chosen: bool) -> None:
    """Warn of damage, and of several audio tracks if the manifest does not choose one."""
    if recording is None:
        return
    if recording.damaged_s:
        report.warn(column, f"{name!r} is damaged: {recording.damaged_s:.2f} s of it cannot be decoded")
    if recording.tracks > 1 and not is_chosen:
        used = f"track {recording.reading.track + 1}{f' ({recording.language})' if recording.language else ''}"
        report.warn(
            column,
            f"{name!r} has {recording.tracks} audio tracks and uses {used}; --audio-track selects another",
        )


def seconds(text: str, column: str, report: CellReport) -> float | None:
    """A time in a recording: `83.5`, `1:23.5` or `1:02:03`. None for an empty cell; for others, with a problem."""
    if not text.strip():
        return None
    parts = text.strip().split(":")
    try:
        if len(parts) > 3 or len(text) > _LONGEST_TIME_CHARACTERS or not text.isascii() or "_" in text:
            raise ValueError
        amount = float(parts[-1])
        for part, unit_s in zip(reversed(parts[:-1]), (60, 3600), strict=False):
            amount += int(part) * unit_s
    except ValueError:
        amount = -1.0
    if not 0 <= amount < float("inf"):
        report.problem(column, f"{text[:40]!r} is not a time; write seconds such as 83.5, or 1:23.5")
        return None
    return amount
