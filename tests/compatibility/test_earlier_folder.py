"""A results folder of commit 56a6860 is continued, audited and exported without a call."""

import shutil
from pathlib import Path

import pandas as pd
import pytest

import voicemill
from tests.compatibility.earlier import Earlier, Requests, delivered
from tests.flows.commands import CommandResult, InThisProcess
from tests.flows.results import statuses, violations

pytestmark = pytest.mark.without_prefect

_RUNS = [
    pytest.param("book", ["book.csv"], id="manifest with every operation"),
    pytest.param("texts", ["texts", "--op", "tts"], id="folder of text files"),
]
_SOME_REFUSED = 3
_TABLES = ("items.parquet", "words.parquet", "segments.parquet")
_SHEETS = ("metadata.csv", "failures.csv")


def _run(voicemill: InThisProcess, name: str, source: list[str]) -> CommandResult:
    return voicemill("run", *source, "-o", f"results/{name}", "--profile", "profile.toml", "--json")


@pytest.mark.parametrize(("name", "source"), _RUNS)
def test_a_run_continues_without_a_call(
    voicemill: InThisProcess, earlier: Earlier, requests: Requests, name: str, source: list[str]
) -> None:
    """A rerun makes no call and changes no delivered file and no status; each table keeps its rows and their order."""
    results = earlier.folder / "results" / name
    files, rows, tables = delivered(results), statuses(results), _ids_by_table(results)
    ended = _run(voicemill, name, source)
    assert (ended.code, ended.json["calls_made"], requests.calls) == (_SOME_REFUSED, 0, []), ended.stderr
    assert ended.json["rows"] == earlier.rows_by_status(results)
    assert (delivered(results), statuses(results), _ids_by_table(results)) == (files, rows, tables)
    assert set(_ids_by_table(earlier.book)) == {*_TABLES, *_SHEETS}
    assert violations(results) == []


@pytest.mark.parametrize(("name", "source"), _RUNS)
def test_lost_files_are_restored_from_the_answers(
    voicemill: InThisProcess, earlier: Earlier, requests: Requests, name: str, source: list[str]
) -> None:
    """If all delivered files are lost, they are restored from the stored answers, byte for byte and without a call."""
    results = earlier.folder / "results" / name
    files = delivered(results)
    for folder in ("audio", "text"):
        shutil.rmtree(results / folder, ignore_errors=True)
    ended = _run(voicemill, name, source)
    assert (ended.code, ended.json["calls_made"], requests.calls) == (_SOME_REFUSED, 0, []), ended.stderr
    assert delivered(results) == files


def test_every_operation_is_checked_without_a_call(earlier: Earlier, requests: Requests) -> None:
    """Speech, conversions and infills of an earlier version are checked from their answers; outputs of rows as well."""
    before = delivered(earlier.book)
    found = voicemill.check(earlier.book, check="signals")
    ops = pd.read_parquet(earlier.book / "items.parquet").set_index("id")["op"]
    states = {(ops[passage.id], passage.verdict.state.value) for passage in found}
    assert states == {("tts", "ok"), ("voice_change", "ok"), ("infill", "ok"), ("stt", "inconclusive")}
    assert {passage.id for passage in found} == {
        row for row, status in statuses(earlier.book).items() if status == "done"
    }
    assert (requests.calls, delivered(earlier.book)) == ([], before)


@pytest.mark.parametrize(("name", "source"), _RUNS)
def test_lost_tables_are_rebuilt_from_the_answers(
    voicemill: InThisProcess, earlier: Earlier, requests: Requests, name: str, source: list[str]
) -> None:
    """If all tables are lost, only the row that the service refused is sent again."""
    results = earlier.folder / "results" / name
    rows = statuses(results)
    for table in _TABLES:
        (results / table).unlink(missing_ok=True)
    ended = _run(voicemill, name, source)
    assert ended.code == _SOME_REFUSED, ended.stderr
    assert requests.calls == ([("POST", "/voice-changer/bytes")] if name == "book" else [])
    assert statuses(results) == rows
    assert len(pd.read_parquet(results / "items.parquet")) == len(rows)


def test_retry_makes_no_call(voicemill: InThisProcess, earlier: Earlier, requests: Requests) -> None:
    """`retry` reads the plan of the earlier version, finds no row to retry, and makes no call."""
    files, rows = delivered(earlier.book), statuses(earlier.book)
    ended = voicemill("retry", "results/book", "--json")
    assert (ended.code, ended.json["calls_made"], requests.calls) == (_SOME_REFUSED, 0, []), ended.stderr
    assert ended.json["rows"] == earlier.rows_by_status(earlier.book)
    assert (delivered(earlier.book), statuses(earlier.book)) == (files, rows)


def test_verify_finds_no_damage(voicemill: InThisProcess, earlier: Earlier, requests: Requests) -> None:
    """`verify` finds all files, answers and tables intact, before and after a rerun."""
    untouched = voicemill("verify", "results/book", "--json")
    assert (untouched.code, untouched.json["violations"]) == (0, [])
    assert _run(voicemill, "book", ["book.csv"]).code == _SOME_REFUSED
    continued = voicemill("verify", "results/book", "--json")
    assert (continued.code, continued.json["violations"], requests.calls) == (0, [], [])


def test_export_gives_the_files_of_the_run(voicemill: InThisProcess, earlier: Earlier, requests: Requests) -> None:
    """`export` writes the same transcripts and subtitles as the run, byte for byte."""
    ended = voicemill("export", "results/book", "--to", "all", "-o", "exported", "--json")
    assert (ended.code, requests.calls) == (0, []), ended.stderr
    for form in ("txt", "json", "srt", "vtt", "tsv"):
        exported = (earlier.folder / f"exported/transcribed.{form}").read_bytes()
        assert exported == (earlier.book / f"text/transcribed.{form}").read_bytes(), form


def test_status_counts_the_rows(voicemill: InThisProcess, earlier: Earlier, requests: Requests) -> None:
    """`status` shows the same counts as the run that made the folder."""
    ended = voicemill("status", "results/book", "--json")
    assert (ended.code, ended.json["rows"], requests.calls) == (0, earlier.rows_by_status(earlier.book), [])


def _ids_by_table(results: Path) -> dict[str, list[str]]:
    """The row ids in each table and CSV file that the folder has."""
    tables = {name: list(pd.read_parquet(results / name)["id"]) for name in _TABLES if (results / name).exists()}
    sheets = [name for name in _SHEETS if (results / name).exists()]
    return tables | {name: list(pd.read_csv(results / name, dtype=str)["id"]) for name in sheets}
