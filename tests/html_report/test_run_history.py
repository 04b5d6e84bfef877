"""The history of runs: what a run records, what stays in the file, and what the page reads."""

from pathlib import Path
from typing import Any

from tests.html_report.folders import blocks_of, done_row, results_folder
from voicemill.errors import Throttled, Transient
from voicemill.html_report.run_history import history_of
from voicemill.html_report.write import write_report
from voicemill.pipeline.run_history import RunHistory
from voicemill.store.results_folder import ResultsFolder

_DAY_S = 86_400


def _progress(calls: int) -> dict[str, Any]:
    return {
        "rows_done": calls, "calls_made": calls, "calls_kept": calls, "retries": 0, "calls_in_flight": 4, "slots": 8,
        "credits": 10.0 * calls,
    }  # fmt: skip


def _recorded(folder: ResultsFolder, seconds: int, calls_per_s: int = 2) -> None:
    now_s = [0.0]
    history = RunHistory(lambda: now_s[0])
    for second in range(seconds + 1):
        now_s[0] = float(second)
        history.record_latency(0.5)
        history.record_point(_progress(second * calls_per_s))
        history.write(folder)


def _folder(path: Path) -> ResultsFolder:
    folder = ResultsFolder(path)
    folder.create()
    return folder


def test_points_and_events_reach_the_page(tmp_path: Path) -> None:
    """The page gets counts, latencies and errors as columns of equal length, and each logged change with its reason."""
    folder, now_s = results_folder(tmp_path, [done_row(1)]), [0.0]
    history, logged = RunHistory(lambda: now_s[0]), list[str]()
    history.with_log(logged.append)("tts: concurrency 4 → 8: 4 concurrent calls succeeded; doubling")
    history.record_error(Throttled("Too many."))
    history.record_error(Transient("Down."))
    for latency_s in (0.2, 0.4, 3.0):
        history.record_latency(latency_s)
    now_s[0] = 5.0
    history.record_point(_progress(3))
    history.write(folder)
    write_report(folder)
    (run,) = blocks_of(folder.report)["head"]["history"]
    assert run["points"] == {
        "t": [5.0], "rows": [3], "calls": [3], "retries": [0], "in_flight": [4], "throttled": [1], "errors": [1],
        "slots": [8], "credits": [30.0], "p50_s": [0.4], "p95_s": [3.0],
    }  # fmt: skip
    assert run["events"] == [{"t": 0.0, "text": logged[0]}]


def test_a_run_of_a_day_stays_small(tmp_path: Path) -> None:
    """A day of points every second becomes fewer than 2,000 lines, the first of them one second apart."""
    folder = _folder(tmp_path)
    _recorded(folder, _DAY_S // 4)
    times = history_of(folder)[0]["points"]["t"]
    assert times[:3] == [1.0, 2.0, 3.0]
    assert 300 < len(times) < 2_000
    assert folder.events.stat().st_size < 300_000


def test_the_last_ten_runs_are_kept(tmp_path: Path) -> None:
    """Each run adds its lines, and the oldest run is dropped; a torn line is left out."""
    folder = _folder(tmp_path)
    for seconds in range(1, 14):
        _recorded(folder, seconds)
        with folder.events.open("a") as file:
            file.write('{"t": 1')
    runs = history_of(folder)
    assert [len(run["points"]["t"]) for run in runs] == list(range(4, 14))


def test_a_run_without_calls_leaves_no_line(tmp_path: Path) -> None:
    """A rerun of a finished run does not appear in the history."""
    folder = _folder(tmp_path)
    _recorded(folder, 3, calls_per_s=0)
    assert not folder.events.exists()
