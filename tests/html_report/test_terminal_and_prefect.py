"""What a terminal and Prefect show of a run: the live display from the run's file, and the page of the flow run."""

import io
import json
import threading
from pathlib import Path

from rich.console import Console

from tests.html_report.folders import done_row, failed_row, results_folder
from tests.waiting import wait_until
from voicemill.html_report.findings import find
from voicemill.pipeline.summary import Summary
from voicemill.report.status import state_of, status_lines
from voicemill.report.summary import as_markdown
from voicemill.report.watch import watch

_PROGRESS = {
    "rows": 10, "rows_done": 4, "rows_failed": 0, "rows_refused": 0, "rows_assembling": 0, "calls": 10, "calls_kept": 4,
    "calls_reused": 0, "calls_in_flight": 2, "retries": 0, "audio_s": 12.0, "transcribed_s": 0.0, "converted_s": 0.0,
    "credits": 0.0,
}  # fmt: skip


def test_watch_shows_a_run_until_it_ends(tmp_path: Path) -> None:
    """The display of `status --watch` follows the file of a running run and returns when the run ends."""
    folder = results_folder(tmp_path, [done_row(1)])
    folder.progress.write_text(json.dumps(_PROGRESS))
    written = io.StringIO()
    watching = threading.Thread(target=watch, args=(folder, Console(file=written)))
    with folder.locked():
        watching.start()
        wait_until(lambda: "4/10 rows done" in written.getvalue(), "the progress of the run")
    watching.join(timeout=60)
    assert not watching.is_alive()


def test_a_starting_run_shows_no_earlier_progress(tmp_path: Path) -> None:
    """Until a run reports progress, its status says that it is starting, without numbers of the run before."""
    folder = results_folder(tmp_path, [done_row(1)])
    folder.progress.write_text(json.dumps(_PROGRESS))
    with folder.locked():
        folder.remove_progress()
        assert status_lines(state_of(folder)) == [f"{tmp_path}: running", "  The run is starting."]


def test_watch_returns_at_once_without_a_run(tmp_path: Path) -> None:
    """Without a running run there is nothing to watch."""
    written = io.StringIO()
    watch(results_folder(tmp_path, [done_row(1)]), Console(file=written))
    assert written.getvalue() == ""


def test_the_flow_run_page_lists_problems_with_remedies(tmp_path: Path) -> None:
    """The page has the headline, a line for each problem with its command, and the address of the report."""
    hostile = failed_row(2, "transient", error_code="a|b`c\n<img>")
    folder = results_folder(tmp_path, [done_row(0), failed_row(1), hostile])
    summary = Summary("book.csv", str(tmp_path), "https://api.cartesia.ai", rows={"done": 1, "failed": 2})
    page = as_markdown(summary, find(folder))
    assert page.startswith("# 1 done, 2 failed of 3 rows\n")
    command = f"`voicemill retry {tmp_path} --class transient`"
    remedy = "Retry these rows once the service is available. Completed calls are not billed again."
    assert f"| 1 | {remedy} | {command} |" in page
    assert f"- Report: file://{tmp_path}/report.html" in page
    assert r"(a\|b\`c \<img\>)" in page
