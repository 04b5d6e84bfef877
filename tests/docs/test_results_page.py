"""The results guide lists every file, CSV column and key of a real results folder."""

import csv
import json
import re
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from docs.reference_pages import tables
from tests.docs.pages import DOCS
from tests.flows.commands import InThisProcess
from tests.flows.results import write_manifest
from tests.flows.speech_service import SpeechService
from tests.hostile_speech import error_reply

pytestmark = pytest.mark.without_prefect

_PAGE = (DOCS / "results.md").read_text(encoding="utf-8")
_SOMETIMES = {
    "regenerated.jsonl",
    "neighbours",
    "verdicts.jsonl",
    "recordings.jsonl",
    "copied.json",
    "bucket.json",
    "table_plan.json",
    "inputs",
    "parts",
    "workers",
    "damaged",
    "control.json",
    "exported.log",
    "changes.json",
}


@pytest.fixture
def results(voicemill: InThisProcess, service: SpeechService) -> Path:
    """The folder of a run with finished rows, one of them with words, a refused row and another column."""
    rows = [
        {"id": "a", "transcript": "One.", "title": "T", "output_format": ""},
        {"id": "b", "transcript": "Two.", "title": "T", "output_format": ""},
        {"id": "c", "transcript": "Three.", "title": "T", "output_format": "srt"},
    ]
    service.replies["Two."] = error_reply(400, "No", "Not this")
    voicemill("run", write_manifest(Path("book.csv"), rows), "-o", "results")
    return Path("results")


def test_every_file_is_listed(results: Path) -> None:
    """The files in the folder and in `.voicemill` are exactly those that the page lists."""
    named = {name.split("/")[0] for name in _first_cells("Files")}
    assert {path.name for path in results.iterdir()} == named
    notes = {name.split("/")[0] for name in _first_cells("State of the run")}
    assert {path.name for path in (results / ".voicemill").iterdir()} == notes - _SOMETIMES


def test_the_table_has_the_columns_of_the_reference(results: Path) -> None:
    """`items.parquet` has the columns of the reference page in that order, then the manifest's other columns."""
    listed = re.findall(r"^\| `(\w+)` \|", tables.items(), re.MULTILINE)
    assert pq.read_schema(results / "items.parquet").names == [*listed, "title"]


@pytest.mark.parametrize("sheet", ["metadata.csv", "failures.csv"])
def test_the_sheets_have_their_columns(results: Path, sheet: str) -> None:
    """The headers of the CSV files are as listed."""
    said = _section("CSV files").partition(f"`{sheet}`:")[2].partition(", then")[0]
    with (results / sheet).open(newline="") as file:
        assert next(csv.reader(file)) == [*re.findall(r"`(\w+)`", said), "title"]


def test_every_key_of_run_json_is_listed(results: Path) -> None:
    """The keys of `run.json`, its manifest and its summary are listed."""
    about = json.loads((results / "run.json").read_text())
    section = _section("`run.json`")
    assert set(about) == set(_first_cells("`run.json`"))
    lines = {line.split("`")[1]: line for line in section.splitlines() if line.startswith("| `")}
    own = {"manifest", "results", "service"}
    assert set(about["summary"]) - own == set(re.findall(r"`(\w+)`", lines["summary"])) - {"summary"}
    assert set(about["manifest"]) == set(re.findall(r"`(\w+)`", lines["manifest"])) - {"manifest"}


def test_answers_are_as_described(results: Path) -> None:
    """An answer file has the name and the format that the page describes."""
    answer, _ = (results / "answers").glob("?/*.answer")
    first_line, receipt, body = answer.read_bytes().split(b"\n", 2)
    assert first_line.startswith(b"voicemill-answer/2 ")
    assert {"key", "paid_by", "latency_s", "attempts", "credits", "request_id", "duration_s"} <= set(
        json.loads(receipt)
    )
    assert body[:4] == b"RIFF"
    assert answer.parent.name == answer.name[:1]


def _section(title: str) -> str:
    return _PAGE.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def _first_cells(title: str) -> list[str]:
    cells = re.findall(r"^\| (`[^|]+`) \|", _section(title), re.MULTILINE)
    return [name for cell in cells for name in re.findall(r"`([^`]+)`", cell)]
