"""Before anything is paid for, a run says where its disk seems too small."""

import shutil
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.manifest.checking import VOICES, written
from voicemill.config import Settings
from voicemill.store.results import ResultsFolder
from voicemill.work.prepare import PlanFacts, prepare

MANIFEST = "id,text,container,sample_rate,encoding,bit_rate\n"
HOUR = "x" * 54_000
"""Characters that are spoken in about an hour."""


class Disk(NamedTuple):
    """A disk as `shutil.disk_usage` tells of it."""

    total: int
    used: int
    free: int


def prepared(folder: Path, rows: str, monkeypatch: pytest.MonkeyPatch, free_bytes: int) -> tuple[PlanFacts, Path]:
    """What is known of a manifest on a disk with so much room, and the results folder."""
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Disk(10**12, 10**12 - free_bytes, free_bytes))
    results = ResultsFolder(folder / "results")
    results.create()
    return prepare(str(written(folder, MANIFEST + rows)), Settings(), VOICES, results), results.path


@pytest.mark.parametrize(
    ("format", "expected_mb"),
    [("wav,44100,pcm_s16le,", 635), ("raw,8000,pcm_f32le,", 230), ("mp3,44100,,128000", 375)],
)
def test_a_disk_that_is_too_small_is_told_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, format: str, expected_mb: int
) -> None:
    """An hour of speech takes its answers and its file; the warning says how much of that is missing."""
    facts, results = prepared(tmp_path, f"a,{HOUR},{format}\n", monkeypatch, 100_000_000)
    assert facts.expected_bytes / 1e6 == pytest.approx(expected_mb, abs=1)
    [warning] = facts.warnings
    assert f"{expected_mb / 1000:.1f} GB will be written to {results}" in warning
    assert f"lacks {(expected_mb - 100) / 1000:.1f} GB" in warning


def test_what_is_there_already_needs_no_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run that goes on is not warned of what it wrote before."""
    (tmp_path / "results" / "answers").mkdir(parents=True)
    (tmp_path / "results" / "answers" / "kept").write_bytes(bytes(700_000))
    facts, _ = prepared(
        tmp_path, "a,Row one.,wav,44100,pcm_s16le,\nb,Row two.,wav,44100,pcm_s16le,\n", monkeypatch, 1000
    )
    assert 0 < facts.expected_bytes < 700_000
    assert facts.warnings == []


def test_a_disk_with_room_is_not_told_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where all fits there is no warning."""
    facts, _ = prepared(tmp_path, f"a,{HOUR},wav,44100,pcm_s16le,\n", monkeypatch, 10**9)
    assert facts.warnings == []
