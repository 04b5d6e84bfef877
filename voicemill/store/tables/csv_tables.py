"""The CSV files beside the table: `metadata.csv` for audio-folder loaders, `failures.csv` as the next manifest."""

import csv
import json
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from voicemill.model import AUDIO_OPS, Op, Status
from voicemill.model.csv_injection import FAILURE_COLUMNS, guarded
from voicemill.store import durable_files as durable
from voicemill.store.tables.items_table import read_items

_METADATA = ("file_name", "id", "transcript", "duration_s", "sample_rate_hz", "voice", "model", "language", "sha256")
_MANIFEST = ("id", "op", "transcript", "voice", "model", "language", "container", "sample_rate", "encoding", "bit_rate")
_RECORDINGS = ("audio", "left_audio", "right_audio")
_INPUTS = (*_RECORDINGS, "text_file", "audio_track", "from_s", "to_s", "splice", "timestamps", "check", "takes")

Item = Mapping[str, Any]


def publish_metadata(items: Path, path: Path, carried: Iterable[str]) -> bool:
    """Write the finished rows of a table, with `file_name` as the first column. True if the file changed."""
    columns = (*_METADATA, *carried)
    done = read_items([items], ("status", "op", *columns), status=[Status.DONE])
    with_audio = (item for item in done if item["op"] in AUDIO_OPS)
    return _publish(path, columns, with_audio, lambda item: [item[column] for column in columns])


def publish_failures(items: Path, path: Path, carried: Iterable[str], made: Mapping[str, str]) -> bool:
    """Write the unfinished rows of a table as a manifest, with the reasons. True if the file changed.

    `made` maps the ids of finished rows to their files: it replaces the references of dependent rows.
    """
    names = tuple(carried)
    columns = (
        *_MANIFEST,
        "speed",
        "emotion",
        *_INPUTS,
        "allowed_words",
        "output_format",
        "out",
        *FAILURE_COLUMNS,
        *names,
    )
    unfinished = read_items([items], status=[status for status in Status if status is not Status.DONE])
    return _publish(path, columns, unfinished, lambda item: _as_manifest(item, names, made))


def _as_manifest(item: Item, carried: Iterable[str], made: Mapping[str, str]) -> list[Any]:
    speed = None if item["speed"] is None else json.loads(item["speed"])
    out = str(PurePosixPath(*PurePosixPath(item["out"]).parts[1:]))
    source = {**item, "transcript": item["reference"]} if item["op"] == Op.STT else item
    manifest = [source[column] for column in _MANIFEST]
    cells = {column: None if item[column] is False else item[column] for column in _INPUTS}
    cells |= {column: made.get((cells[column] or "").removeprefix("@"), cells[column]) for column in _RECORDINGS}
    inputs = list((cells | {"text_file": None if source["transcript"] else cells["text_file"]}).values())
    why = [item[column] for column in FAILURE_COLUMNS]
    lists = [" ".join(item["allowed_words"] or ()), ",".join(item["output_format"]), out, *why]
    return [*manifest, speed, ",".join(item["emotion"]), *inputs, *lists, *(item[column] for column in carried)]


def _publish(path: Path, columns: Iterable[str], items: Iterable[Item], line: Callable[[Item], list[Any]]) -> bool:
    partial = durable.new_partial(path)
    with durable.storage_errors(path), partial.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(map(guarded, columns))
        writer.writerows(map(guarded, line(item)) for item in items)
    return durable.replace_if_changed(partial, path)
