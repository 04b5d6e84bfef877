"""The warning about low disk space before the first paid call."""

import shutil
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.manifest.read_manifest import VOICES, written
from voicemill.config import Settings
from voicemill.pipeline.prepare import PlanFacts, prepare
from voicemill.planning.row_calls import plan_row
from voicemill.store.results_folder import ResultsFolder
from voicemill.store.tables.plan_table import PlanTable

MANIFEST = "id,text,container,sample_rate,encoding,bit_rate\n"
HOUR = "x" * 54_000
"""The number of characters in about an hour of speech."""
OWN_STORE = Settings()


class Disk(NamedTuple):
    """A disk as reported by `shutil.disk_usage`."""

    total: int
    used: int
    free: int


def prepared(
    folder: Path, rows: str, monkeypatch: pytest.MonkeyPatch, free_bytes: int, settings: Settings = OWN_STORE
) -> tuple[PlanFacts, Path]:
    """The facts of a plan on a disk with the given free space, and the results folder."""
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Disk(10**12, 10**12 - free_bytes, free_bytes))
    results = ResultsFolder(folder / "results")
    results.create()
    return prepare(str(written(folder, MANIFEST + rows)), settings, "s", VOICES, results), results.path


@pytest.mark.parametrize(
    ("format", "expected_mb"),
    [("wav,44100,pcm_s16le,", 635), ("raw,8000,pcm_f32le,", 230), ("mp3,44100,,128000", 375)],
)
def test_low_disk_space_causes_a_warning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, format: str, expected_mb: int
) -> None:
    """An hour of speech needs space for its answers and its file; the warning states how much is missing."""
    facts, results = prepared(tmp_path, f"a,{HOUR},{format}\n", monkeypatch, 100_000_000)
    assert (facts.answer_bytes + facts.file_bytes) / 1e6 == pytest.approx(expected_mb, abs=1)
    [warning] = facts.warnings
    assert f"{expected_mb / 1000:.1f} GB will be written to {results}" in warning
    assert f"lacks {(expected_mb - 100) / 1000:.1f} GB" in warning


def test_existing_files_need_no_space(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A resumed run does not count the files that it wrote before."""
    (tmp_path / "results" / "answers").mkdir(parents=True)
    (tmp_path / "results" / "answers" / "kept").write_bytes(bytes(700_000))
    facts, _ = prepared(
        tmp_path, "a,Row one.,wav,44100,pcm_s16le,\nb,Row two.,wav,44100,pcm_s16le,\n", monkeypatch, 1000
    )
    assert 0 < facts.answer_bytes + facts.file_bytes < 700_000
    assert facts.warnings == []


def test_enough_disk_space_causes_no_warning(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """If everything fits there is no warning."""
    facts, _ = prepared(tmp_path, f"a,{HOUR},wav,44100,pcm_s16le,\n", monkeypatch, 10**9)
    assert facts.warnings == []


@pytest.mark.parametrize(("is_asked", "lacking_gb"), [(True, "0.2"), (False, "0.6")])
def test_answers_in_a_shared_store_need_no_space(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, is_asked: bool, lacking_gb: str
) -> None:
    """In a shared store, only answers that this manifest needs count as present."""
    store, rows = tmp_path / "shared", f"a,{HOUR},wav,44100,pcm_s16le,\n"
    settings = Settings(answers=str(store))
    facts, results = prepared(tmp_path, rows, monkeypatch, 10**9, settings)
    assert facts.warnings == []
    [(_, planned)] = PlanTable(results / ".voicemill" / "plan.parquet").rows(0, 1)
    key = plan_row(planned, "s", settings.long_text).pieces[0].call.key if is_asked else "0" * 64
    (store / key[0]).mkdir(parents=True)
    with (store / key[0] / f"{key}.answer").open("wb") as answer:
        answer.truncate(400_000_000)
    facts, _ = prepared(tmp_path, rows, monkeypatch, 35_000_000, settings)
    [warning] = facts.warnings
    assert f"about 0.6 GB will be written to {results} and {store}, and their disk lacks {lacking_gb} GB" in warning
    assert "(-o or --answers)" in warning


def test_two_disks_are_checked_separately(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Files need space on the results disk, answers on the store's disk."""
    shared = Path("/dev/shm")
    if not shared.is_dir() or shared.stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip("this machine has one disk")
    settings = Settings(answers=str(shared / "missing"))
    facts, results = prepared(tmp_path, f"a,{HOUR},mp3,44100,,128000\n", monkeypatch, 100_000_000, settings)
    assert facts.file_bytes < 100_000_000 < facts.answer_bytes
    [warning] = facts.warnings
    assert f"written to {settings.answers}, and its disk lacks 0.2 GB of that" in warning
    assert str(results) not in warning
    assert "(--answers)" in warning
