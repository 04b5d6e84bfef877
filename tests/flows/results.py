"""Writes manifests, reads results folders as a user does, and checks them for violations."""

import csv
import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from voicemill.audio.wav_header import NotWav, probe_wav


def write_manifest(path: Path, rows: Iterable[Mapping[str, object]]) -> Path:
    """Write a CSV manifest with the columns of its first row."""
    rows = list(rows)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


def short_rows(count: int) -> list[dict[str, str]]:
    """Rows with different transcripts that take one call each."""
    return [{"id": f"row-{number:04d}", "transcript": f"Sentence number {number}."} for number in range(count)]


def items(results: Path) -> list[dict[str, Any]]:
    """The rows of `items.parquet`."""
    return list(pq.read_table(results / "items.parquet").to_pylist())


def statuses(results: Path) -> dict[str, str]:
    """The status of each row by its id."""
    return {item["id"]: item["status"] for item in items(results)}


def read_sheet(path: Path) -> list[dict[str, str]]:
    """The rows of a CSV file."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def file_hashes(results: Path) -> dict[str, str]:
    """The SHA-256 of every file in a results folder, except its `.voicemill` folder."""
    files = [path for path in results.rglob("*") if path.is_file() and ".voicemill" not in path.parts]
    return {str(path.relative_to(results)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def violations(results: Path) -> list[str]:
    """Differences between the files of finished rows and their rows in the table, and partial files left behind."""
    found = [f"{path} was left behind" for path in (results / "audio").rglob("*.partial")]
    for item in items(results):
        if item["status"] == "done":
            found += [f"{item['id']}: {problem}" for problem in _problems_of(results / item["file_name"], item)]
    return found


def _problems_of(path: Path, item: Mapping[str, Any]) -> list[str]:
    if not path.is_file():
        return ["its file is missing"]
    content = path.read_bytes()
    problems = []
    if hashlib.sha256(content).hexdigest() != item["sha256"]:
        problems.append("the SHA-256 of its file differs from the table")
    if len(content) != item["size_bytes"]:
        problems.append(f"its file has {len(content)} bytes")
    if item["container"] == "wav":
        problems += _problems_of_wav(content, item)
    return problems


def _problems_of_wav(content: bytes, item: Mapping[str, Any]) -> list[str]:
    try:
        info = probe_wav(content)
    except NotWav as fault:
        return [str(fault)]
    matches = abs(info.duration_s - item["duration_s"]) < 0.001 and info.sample_rate_hz == item["sample_rate_hz"]
    return [] if matches else [f"its file lasts {info.duration_s} s at {info.sample_rate_hz} Hz"]
