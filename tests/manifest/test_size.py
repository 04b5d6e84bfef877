"""Large manifests: read in a stream, compared by hashes, and exact where hashes meet."""

import tracemalloc
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.manifest.read_manifest import VOICES, refused, written
from voicemill.config import Settings
from voicemill.manifest import ManifestCheck
from voicemill.manifest.uniqueness import Hashes

ROWS = 5_000
MEBIBYTE = 1 << 20


def large_csv(folder: Path) -> Path:
    """A CSV manifest of `ROWS` rows with an `out` each."""
    lines = (f"item-{n:07d},The text of item {n} of them all.,Anna,part{n % 50}/{n},{n % 30}\n" for n in range(ROWS))
    return written(folder, "id,transcript,voice,out,chapter\n" + "".join(lines))


def large_parquet(folder: Path) -> Path:
    """A similar manifest as Parquet, in one row group."""
    ids = list(range(ROWS))
    texts = [f"The text of item {n} of them all." for n in ids]
    pq.write_table(pa.table({"id": ids, "text": texts}), folder / "m.parquet")
    return folder / "m.parquet"


def checked(manifest: Path) -> tuple[int, int]:
    """The number of good rows of a manifest, and the most memory in bytes that the check used."""
    check = ManifestCheck(manifest, Settings(), VOICES)
    tracemalloc.start()
    count = sum(1 for _ in check)
    _, peak_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    check.raise_if_bad()
    return count, peak_bytes


def test_the_rows_of_a_large_manifest_are_not_kept(tmp_path: Path) -> None:
    """Rows take a few bytes each while they are checked: two or three hashes, no text."""
    # File names pass through Python's table of interned strings, which grows with the age of a process: use a new one.
    with ProcessPoolExecutor(1, get_context("spawn")) as new_process:
        for manifest in (large_csv(tmp_path), large_parquet(tmp_path)):
            count, peak_bytes = new_process.submit(checked, manifest).result()
            assert count == ROWS
            assert peak_bytes < 2 * MEBIBYTE + 80 * ROWS


def test_two_equal_ids_far_apart_are_found(tmp_path: Path) -> None:
    """The first and the last of many rows have the same id."""
    ids = [*map(str, range(ROWS)), "0"]
    error = refused(written(tmp_path, "id,text\n" + "".join(f"{row_id},Hi\n" for row_id in ids)))
    assert [(problem.row, problem.column) for problem in error.problems] == [(ROWS + 1, "id")]
    assert "row 1 has the id" in error.problems[0].why


def test_colliding_hashes_are_not_duplicates(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """If different ids and files have the same hash, the second pass compares their text."""
    monkeypatch.setattr(Hashes, "add", lambda self, _text: self._values.append(7))
    monkeypatch.setattr("voicemill.manifest.uniqueness.hash", lambda _text: 7, raising=False)
    good = ManifestCheck(written(tmp_path, "id,text,out\na,Hi,x/1\nb,Ho,x/2\nc,Hu,\n"), Settings(), VOICES)
    assert len(list(good)) == 3
    good.raise_if_bad()
    error = refused(written(tmp_path, "id,text,out\na,Hi,x/1\nb,Ho,x/2\na,Hu,\n"))
    assert [(problem.row, problem.column) for problem in error.problems] == [(3, "id")]
