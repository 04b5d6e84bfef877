"""`voicemill book master`: audiobook files from the results of a run, without calls."""

import shutil
from pathlib import Path

import pytest

from tests.book.spoken_book import CHAPTERS, DETAILS, contents, delivery_lines, ffprobe, write_manifest
from tests.flows.commands import InThisProcess, run_process

_ALL = ("--for", "acx,m4b,mp3")


@pytest.fixture(scope="module")
def spoken(prefect_server: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The results of the book, with word timestamps."""
    home = tmp_path_factory.mktemp("spoken")
    manifest = write_manifest(home / "book.csv")
    ended = run_process("run", manifest, "-o", home / "results", "--timestamps", "--sample-rate", "24000")
    assert ended.code == 0, ended.stderr
    return home / "results"


@pytest.fixture(scope="module")
def mastered(spoken: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A results folder with deliveries."""
    results = Path(shutil.copytree(spoken, tmp_path_factory.mktemp("mastered") / "results"))
    ended = run_process("book", "master", results, *_ALL, *DETAILS)
    assert ended.code == 0, ended.stderr
    return results


@pytest.fixture
def results(spoken: Path, tmp_path: Path) -> Path:
    """A copy of the results."""
    return Path(shutil.copytree(spoken, tmp_path / "results"))


def test_m4b_chapters_are_the_rows(mastered: Path) -> None:
    """ffprobe reads a chapter for each row, whose length is that of the row's track within a millisecond."""
    probed = ffprobe(mastered / "book/The Lamp.m4b", "chapters", "format")
    chapters = probed["chapters"]
    tracks = sorted(path for path in (mastered / "book/mp3").glob("0*.mp3"))
    lengths_s = [float(one["end_time"]) - float(one["start_time"]) for one in chapters]
    measured_s = [
        float(line["measured"])
        for line in delivery_lines(mastered / "book")
        if line["delivery"] == "mp3"
        and line["value"] == "duration_s"
        and Path(line["file"]).name in {t.name for t in tracks}
    ]
    assert [one["tags"]["title"] for one in chapters] == [title for title, _, _ in CHAPTERS.values()]
    assert lengths_s == pytest.approx(measured_s, abs=0.001)
    assert probed["format"]["tags"]["major_brand"] == "M4B "
    assert probed["format"]["tags"]["artist"] == "Ann Author"


def test_delivered_files_keep_the_limits(mastered: Path) -> None:
    """Each measured value that has a limit keeps it, in at most two encodes, for every file of every delivery."""
    lines = delivery_lines(mastered / "book")
    assert {line["verdict"] for line in lines} == {"pass", ""}
    assert {line["delivery"] for line in lines if line["verdict"] == "pass"} == {"acx", "m4b", "mp3"}
    encodes = [int(line["measured"]) for line in lines if line["value"] == "encodes"]
    assert len(encodes) == len(contents(mastered / "book")) - 1
    assert set(encodes) <= {1, 2}
    rules = {line["delivery"]: line["measured"] for line in lines if line["value"] == "synthesized_narration"}
    assert "human narration" in rules["acx"]


def test_second_master_gives_the_same_bytes(mastered: Path, results: Path, voicemill: InThisProcess) -> None:
    """Another folder with the same results gives the same files, and a rerun writes nothing."""
    ended = voicemill("book", "master", results, *_ALL, *DETAILS)
    assert ended.code == 0, ended.stderr
    made = contents(results / "book")
    assert made == contents(mastered / "book")
    again = voicemill("book", "master", results, *_ALL, *DETAILS)
    assert (again.code, again.stderr) == (0, "")
    assert contents(results / "book") == made
