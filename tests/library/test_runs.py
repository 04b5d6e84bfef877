"""`voicemill.run` and `voicemill.retry`: manifests, DataFrames, results, progress, notebooks and Ctrl-C."""

import asyncio
import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pandas as pd
import pytest

import voicemill
from tests.flows.results import violations, write_manifest
from tests.flows.speech_service import SpeechService
from voicemill.report.summary import as_lines

_ROWS = [{"id": "a", "text": "First row."}, {"id": "b", "text": "Second row."}]


def test_run_processes_a_manifest(service: SpeechService, tmp_path: Path) -> None:
    """The result has counts, an exit code, and the rows as a DataFrame with absolute audio paths."""
    manifest = write_manifest(tmp_path / "book.csv", _ROWS)
    result = voicemill.run(manifest, tmp_path / "results")
    assert (result.ok, result.exit_code, result.reason) == (True, voicemill.ExitCode.OK, "")
    assert result.counts == {"done": 2, "failed": 0, "refused": 0, "not_started": 0}
    assert list(result.items["id"]) == ["a", "b"]
    assert all(Path(path).is_absolute() and Path(path).is_file() for path in result.items["audio_path"])
    assert result.failures.empty
    assert violations(tmp_path / "results") == []


def test_a_second_run_makes_no_call(service: SpeechService, tmp_path: Path) -> None:
    """A finished results folder is not billed again."""
    manifest = write_manifest(tmp_path / "book.csv", _ROWS)
    first = voicemill.run(manifest, tmp_path / "results")
    again = voicemill.run(manifest, tmp_path / "results")
    assert (first.summary.calls_made, again.summary.calls_made, again.summary.rows_unchanged) == (2, 0, 2)


async def test_two_runs_share_an_answer_store_at_the_same_time(service: SpeechService, tmp_path: Path) -> None:
    """Both runs end complete, and a third run with all rows finds every answer in the store."""
    parts = [[{"id": f"{part}{number}", "text": f"Row {number} of {part}."} for number in range(8)] for part in "ab"]
    manifests = [write_manifest(tmp_path / f"{number}.csv", rows) for number, rows in enumerate(parts)]
    shared = tmp_path / "answers"
    runs = [voicemill.run_async(manifest, tmp_path / manifest.stem, answers=shared) for manifest in manifests]
    handler = signal.getsignal(signal.SIGINT)
    results = await asyncio.gather(*runs)
    assert [result.counts["done"] for result in results] == [8, 8]
    assert signal.getsignal(signal.SIGINT) == handler
    everything = write_manifest(tmp_path / "all.csv", [*parts[0], *parts[1]])
    assert (await voicemill.run_async(everything, tmp_path / "all", answers=shared)).summary.calls_made == 0


def test_run_takes_a_dataframe(service: SpeechService, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A DataFrame is a manifest: paths start at the working directory, other columns are carried along."""
    monkeypatch.chdir(tmp_path)
    Path("one.txt").write_text("From a file.", encoding="utf-8")
    rows = pd.DataFrame({"id": ["a", "b"], "text": [None, "Inline."], "text_file": ["one.txt", None], "part": [1, 2]})
    result = voicemill.run(rows, results="results/frame")
    assert result.counts["done"] == 2
    assert list(result.items["part"]) == [1, 2]
    assert sorted(service.requested) == ["From a file.", "Inline."]


def test_a_named_index_is_a_column(service: SpeechService, tmp_path: Path) -> None:
    """The index of a DataFrame becomes the id column if it is named so."""
    rows = pd.DataFrame(_ROWS).set_index("id")
    assert list(voicemill.run(rows, tmp_path / "results").items["id"]) == ["a", "b"]


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        (pd.DataFrame({"id": ["a"], 5: ["text"]}), "column name 5 is not text"),
        (pd.DataFrame([["a", "b", "c"]], columns=["id", "text", "text"]), "several columns have this name"),
        (pd.DataFrame({"id": ["a", "b"], "text": ["one", 2]}), "cannot be converted"),
        (pd.DataFrame({"id": ["a"], "text": ["b"], "n": pd.arrays.SparseArray([1])}), "cannot be converted"),
        (pd.DataFrame({"id": ["a"], "text": [None]}), "row 1, column text"),
    ],
)
def test_a_bad_dataframe_is_a_manifest_error(
    service: SpeechService, tmp_path: Path, frame: pd.DataFrame, message: str
) -> None:
    """The problems of a DataFrame are reported like those of a file, and no call is made."""
    with pytest.raises(voicemill.ManifestError, match=message):
        voicemill.run(frame, tmp_path / "results")
    assert service.requested == []


def test_a_dataframe_needs_a_results_folder() -> None:
    """A DataFrame has no name, so the results folder must be given."""
    with pytest.raises(voicemill.ConfigError, match="results="):
        voicemill.run(pd.DataFrame(_ROWS))


def test_options_override_settings(service: SpeechService, tmp_path: Path) -> None:
    """Options are those of the command line; an unknown one is an error that lists the options."""
    manifest = write_manifest(tmp_path / "book.csv", _ROWS)
    result = voicemill.run(manifest, tmp_path / "results", sample_rate=8000, limit=1)
    assert result.counts == {"done": 1, "failed": 0, "refused": 0, "not_started": 1}
    assert result.items["sample_rate_hz"].iloc[0] == 8000
    with pytest.raises(voicemill.ConfigError, match="unknown option 'sampel'"):
        voicemill.run(manifest, tmp_path / "results", sampel=1)  # type: ignore[call-arg]


def test_options_are_those_of_the_command_line() -> None:
    """Every option of `voicemill run` that overrides a setting exists in Python, by the same name, and vice versa."""
    from typing import get_type_hints

    from voicemill.cli import options as cli
    from voicemill.library.options import SETTING_OF, RunOptions

    found = {}
    for name, hint in get_type_hints(cli.RunOptions, include_extras=True).items():
        for mark in getattr(hint, "__metadata__", ()):
            if type(mark).__name__ == "Sets":
                found[name] = (mark.section, mark.name)
    found.pop("shared_limit")  # kept by Prefect, so it needs a flow
    assert dict(SETTING_OF) == found
    assert set(RunOptions.__annotations__) == set(SETTING_OF)


def test_settings_and_a_profile_exclude_each_other(tmp_path: Path) -> None:
    """Settings replace a profile; giving both is an error."""
    with pytest.raises(voicemill.ConfigError, match="not both"):
        voicemill.run(tmp_path / "m.csv", tmp_path / "r", settings=voicemill.Settings(), profile="audiobook")


def test_progress_is_reported(service: SpeechService, tmp_path: Path) -> None:
    """`on_progress` is called with the counters, at the end at least."""
    seen: list[voicemill.Progress] = []
    voicemill.run(write_manifest(tmp_path / "book.csv", _ROWS), tmp_path / "results", on_progress=seen.append)
    assert (seen[-1]["rows"], seen[-1]["rows_done"]) == (2, 2)


async def test_run_works_in_a_running_event_loop(service: SpeechService, tmp_path: Path) -> None:
    """As in a notebook, `run` may be called where an event loop runs, and `run_async` be awaited."""
    manifest = write_manifest(tmp_path / "book.csv", _ROWS)
    assert voicemill.run(manifest, tmp_path / "blocking").ok
    assert (await voicemill.run_async(manifest, tmp_path / "awaited")).ok


def test_errors_are_raised_from_a_running_event_loop(tmp_path: Path) -> None:
    """An error in the thread of a run reaches the caller."""

    async def main() -> None:
        voicemill.run(tmp_path / "missing.csv", tmp_path / "results")

    with pytest.raises(voicemill.ManifestError, match="no such file"):
        asyncio.run(main())


def test_failed_rows_are_not_errors_and_can_be_retried(service: SpeechService, tmp_path: Path) -> None:
    """A failed row is in `failures`; `retry` needs the folder alone."""
    from tests.hostile_server import Reply

    service.replies["Second row."] = Reply(status=500)
    manifest = write_manifest(tmp_path / "book.csv", _ROWS)
    result = voicemill.run(manifest, tmp_path / "results", settings=_impatient())
    assert (result.exit_code, result.counts["failed"]) == (voicemill.ExitCode.SOME_FAILED, 1)
    assert list(result.failures["id"]) == ["b"]
    service.replies.clear()
    manifest.unlink()
    retried = voicemill.retry(tmp_path / "results")
    assert (retried.ok, retried.summary.calls_made) == (True, 1)


def _impatient() -> voicemill.Settings:
    return voicemill.load_settings(pace={"attempts": 1, "first_wait_s": 0.01, "longest_wait_s": 0.02})


def test_ctrl_c_in_a_script_publishes_and_returns(service: SpeechService, tmp_path: Path) -> None:
    """The first Ctrl-C stops the run gracefully: what was done is published, and a second run does the rest."""
    rows = [{"id": f"r{number}", "text": f"Row number {number}."} for number in range(20)]
    write_manifest(tmp_path / "book.csv", rows)
    script = """
        import os, signal, voicemill
        def interrupt(progress):
            if progress["rows_done"] and not interrupted:
                interrupted.append(True)
                os.kill(os.getpid(), signal.SIGINT)
        interrupted = []
        from voicemill.pipeline import progress
        progress._WRITE_EVERY_S, progress._SHOW_EVERY = 0.01, 1
        result = voicemill.run("book.csv", "results", max_concurrency=1, on_progress=interrupt)
        print(result.exit_code.name, 0 < result.counts["done"] < 20, result.counts["not_started"] > 0)
    """
    service.speaker.latency_s = 0.1
    command = [sys.executable, "-c", textwrap.dedent(script)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, env=dict(os.environ))
    assert done.stdout.split() == ["INTERRUPTED", "True", "True"], done.stderr
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    service.speaker.latency_s = 0.0
    assert voicemill.run(tmp_path / "book.csv", tmp_path / "results").counts["done"] == 20


def test_the_library_imports_no_prefect(tmp_path: Path) -> None:
    """`import voicemill` loads nothing heavy, and a run does not import Prefect."""
    script = """
        import sys, voicemill
        light = sorted({"pandas", "pyarrow", "httpx", "aiohttp", "numpy", "av", "pydantic"} & set(sys.modules))
        import voicemill.library.runs
        print(light, "prefect" in sys.modules, "flows" in sys.modules)
    """
    command = [sys.executable, "-c", textwrap.dedent(script)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=tmp_path)
    assert done.stdout.strip() == "[] False False"


@pytest.mark.usefixtures("service")
def test_a_run_does_not_load_the_dataset_library_of_arrow(tmp_path: Path) -> None:
    """Tables, CSV files and the report are written without it: loading it takes 40 MB for the rest of the process."""
    (tmp_path / "book.csv").write_text("id,transcript\na,First row.\nb,Second row.\n", encoding="utf-8")
    script = """
        import sys, voicemill
        print(voicemill.run("book.csv", "results").counts["done"], "pyarrow.dataset" in sys.modules)
    """
    command = [sys.executable, "-c", textwrap.dedent(script)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=tmp_path)
    assert done.stdout.split() == ["2", "False"]
    assert (tmp_path / "results" / "report.html").is_file()


def test_the_summary_names_the_dialect_of_the_manifest(service: SpeechService, tmp_path: Path) -> None:
    """The summary says how a file was read that is not plain CSV."""
    manifest = tmp_path / "book.csv"
    manifest.write_text("id;transcript\na;First row.\n", encoding="utf-8")
    result = voicemill.run(manifest, tmp_path / "results")
    assert result.summary.dialect == "separated by semicolons"
    assert "Manifest: separated by semicolons" in as_lines(result.summary)
