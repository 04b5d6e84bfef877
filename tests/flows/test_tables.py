"""The tables that a run delivers: readable by common tools, with every column of the manifest; and `run.json`."""

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.flows.commands import InThisProcess, service_environment
from tests.flows.results import items, read_sheet, short_rows, violations, write_manifest
from tests.flows.speech_service import SpeechService

pytestmark = pytest.mark.without_prefect

_RESULTS = Path("results")
_KEY = "sk_car_Canary+Of/The=Mine_0123456789"


def test_carried_columns_keep_their_types(voicemill: InThisProcess, service: SpeechService) -> None:
    """Integers, floats, booleans and strings of a Parquet manifest keep their types in `items.parquet`."""
    carried: dict[str, Any] = {
        "chapter": pa.array([1, None, 3], pa.int32()),
        "score": pa.array([0.5, 1.0, None]),
        "read": pa.array([True, None, False]),
        "note": pa.array(["x", None, "=1+1"]),
        "when": pa.array([pd.Timestamp("2026-01-02 03:04:05"), None, None]),
    }
    table = pa.table({"id": ["a", "b", "c"], "transcript": ["One.", "Two.", "Three."], **carried})
    pq.write_table(table, "book.parquet")
    assert voicemill("run", "book.parquet", "-o", _RESULTS).code == 0
    found = pq.read_table(_RESULTS / "items.parquet")
    kinds = {name: str(found.schema.field(name).type) for name in carried}
    assert kinds == {"chapter": "int64", "score": "double", "read": "bool", "note": "string", "when": "string"}
    for name in ("chapter", "score", "read", "note"):
        assert found.column(name).to_pylist() == carried[name].to_pylist()
    assert found.column("when").to_pylist() == ["2026-01-02 03:04:05", None, None]


def test_mixed_columns_are_widened(voicemill: InThisProcess, service: SpeechService) -> None:
    """A JSONL column of mixed types becomes a column of a common type, and no finished row is lost."""
    rows = [
        {"id": "a", "transcript": "One.", "number": 1, "big": 2**60 + 1, "mixed": 5, "nested": {"k": [1]}},
        {"id": "b", "transcript": "Two.", "number": 2.5, "big": 0.5, "mixed": "five", "nested": None},
        {"id": "c", "transcript": "Three.", "number": None, "big": None, "mixed": True, "nested": "plain"},
    ]
    Path("book.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    result = voicemill("run", "book.jsonl", "-o", _RESULTS)
    assert result.code == 0, result.stderr
    found = items(_RESULTS)
    assert [item["mixed"] for item in found] == ["5", "five", "true"]
    assert [item["nested"] for item in found] == ['{"k": [1]}', None, "plain"]
    assert [item["big"] for item in found] == [float(2**60 + 1), 0.5, None]


def test_column_with_the_name_of_a_result_column_causes_a_warning(
    voicemill: InThisProcess, service: SpeechService
) -> None:
    """If a manifest column has the name of a result column, the run warns that it is replaced."""
    write_manifest(Path("book.csv"), [{"id": "a", "transcript": "One.", "duration_s": "99", "number": "7"}])
    result = voicemill("run", "book.csv", "-o", _RESULTS)
    assert result.code == 0
    assert "duration_s" in result.stderr
    assert items(_RESULTS)[0]["duration_s"] < 1
    assert items(_RESULTS)[0]["number"] == "7"


def test_rows_keep_their_order(voicemill: InThisProcess, service: SpeechService) -> None:
    """The tables have the manifest's order, whatever the order in which rows finish."""
    rows = short_rows(120)[::-1]
    write_manifest(Path("book.csv"), rows)
    voicemill("run", "book.csv", "-o", _RESULTS, "--max-concurrency", "16")
    assert [item["id"] for item in items(_RESULTS)] == [row["id"] for row in rows]
    assert [row["id"] for row in read_sheet(_RESULTS / "metadata.csv")] == [row["id"] for row in rows]


def test_metadata_loads_as_an_audio_folder(voicemill: InThisProcess, service: SpeechService) -> None:
    """Audio-folder loaders accept `metadata.csv`: `file_name` is first, relative to the file, and every file exists."""
    write_manifest(Path("book.csv"), [row | {"out": "a/{id}", "title": "T"} for row in short_rows(4)])
    voicemill("run", "book.csv", "-o", _RESULTS)
    metadata = pd.read_csv(_RESULTS / "metadata.csv")
    assert metadata.columns[0] == "file_name"
    assert len(metadata) == 4
    for name in metadata["file_name"]:
        assert not Path(name).is_absolute()
        assert (_RESULTS / name).is_file()
    assert list(metadata["title"]) == ["T"] * 4
    assert list(metadata["transcript"]) == [row["transcript"] for row in short_rows(4)]


@pytest.mark.parametrize(
    ("out", "names"),
    [
        ("", ["audio/a.wav", "audio/b.wav"]),
        ("one/{id}.wav", ["audio/one/a.wav", "audio/one/b.wav"]),
        ("{row:04d}-{title}", ["audio/0001-Dawn.wav", "audio/0002-Dusk.wav"]),
        ("{voice}/{id}", ["audio/Sarah/a.wav", "audio/Sarah/b.wav"]),
    ],
)
def test_output_names(voicemill: InThisProcess, service: SpeechService, out: str, names: list[str]) -> None:
    """`out` sets the path of a row's file, with placeholders replaced by the row's values."""
    rows = [
        {"id": "a", "transcript": "One.", "title": "Dawn", "out": out},
        {"id": "b", "transcript": "Two.", "title": "Dusk", "out": out},
    ]
    write_manifest(Path("book.csv"), rows)
    assert voicemill("run", "book.csv", "-o", _RESULTS).code == 0
    assert [item["file_name"] for item in items(_RESULTS)] == names
    assert violations(_RESULTS) == []


def test_long_text_becomes_one_file(voicemill: InThisProcess, service: SpeechService) -> None:
    """A text of several calls becomes one file whose duration is that of its parts and pauses."""
    paragraphs = [f"This is the paragraph with the number {number}, and it goes on for a while." for number in range(8)]
    write_manifest(Path("book.csv"), [{"id": "chapter", "transcript": "\n\n".join(paragraphs)}])
    assert voicemill("run", "book.csv", "-o", _RESULTS).code == 0
    assert sorted(service.requested) == sorted(paragraphs)
    [item] = items(_RESULTS)
    assert (item["calls"], item["attempts"], len(item["request_ids"])) == (8, 8, 8)
    assert item["credits"] == item["characters"] == sum(map(len, paragraphs))
    spoken_s = sum(len(paragraph) / 30 for paragraph in paragraphs)
    assert spoken_s < item["duration_s"] < spoken_s + 7 * 0.6 + 0.5
    assert violations(_RESULTS) == []


def test_run_json_has_everything_but_secrets(voicemill: InThisProcess, service: SpeechService) -> None:
    """`run.json` has the settings, the versions and the result of the run, but not the API key."""
    write_manifest(Path("book.csv"), [{"id": "a", "transcript": "One."}])
    with service_environment(service.url, _KEY):
        assert voicemill("run", "book.csv", "-o", "results").code == 0
    text = Path("results/run.json").read_text()
    assert _KEY not in text
    about = json.loads(text)
    assert about["settings"]["pace"]["max_concurrency"] == 100
    assert about["summary"]["rows"]["done"] == about["manifest"]["rows"] == 1
    assert list(about["voices"].values()) == ["Sarah"]
    assert set(about["versions"]) >= {"voicemill", "prefect", "httpx", "pandas", "python"}
