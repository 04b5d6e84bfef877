"""The progress display of a run: amounts, states, and the estimated remaining time."""

import io
from typing import Any

import pytest
from rich.console import Console

from voicemill.report.progress import display
from voicemill.report.progress_text import lines, one_line, seconds_left, share_done

_PROGRESS: dict[str, Any] = {
    "rows": 1000,
    "rows_done": 400,
    "rows_failed": 0,
    "rows_refused": 0,
    "rows_assembling": 0,
    "calls": 2000,
    "calls_kept": 600,
    "calls_reused": 200,
    "calls_in_flight": 15,
    "retries": 0,
    "credits": 12_345.0,
    "credits_spent": 20_000.0,
    "max_credits": None,
    "audio_s": 3600.0,
    "audio_reused_s": 1200.0,
    "audio_total_s": 9000.0,
    "transcribed_s": 0.0,
    "converted_s": 0.0,
    "work_s": 1000.0,
    "work_made_s": 300.0,
    "work_reused_s": 100.0,
    "elapsed_s": 60.0,
    "oldest_call_s": 3.2,
    "slots": 15,
    "why": "as configured",
    "waiting_for": "",
}


def test_all_amounts_are_shown() -> None:
    """One line holds rows, calls, calls in flight, audio, credits and the remaining time."""
    assert one_line(_PROGRESS) == (
        "400/1,000 rows done · 800/2,000 calls · 15 in flight (oldest 3 s) · 1:20:00 of about 2:30:00 of audio · "
        "12,345 credits · about 0:02:00 left"
    )


def test_time_left_depends_on_the_work_that_this_run_did() -> None:
    """Work with stored answers counts as done, but not for the speed."""
    assert seconds_left(_PROGRESS) == pytest.approx(600 * 60 / 300)
    assert seconds_left(_PROGRESS | {"work_reused_s": 700.0}) == 0.0
    assert seconds_left(_PROGRESS | {"work_made_s": 0.0}) is None
    assert share_done(_PROGRESS) == pytest.approx(0.4)
    assert share_done(_PROGRESS | {"rows_done": 998, "rows_failed": 1, "rows_refused": 1}) == 1.0


def test_problems_are_shown_when_there_are_any() -> None:
    """Failed and refused rows, retries and files being written appear only if there are some."""
    text = one_line(_PROGRESS | {"rows_failed": 2, "rows_refused": 1, "retries": 7, "rows_assembling": 1})
    for part in ("2 failed", "1 refused", "7 retried", "1 file being written"):
        assert part in text
        assert part not in one_line(_PROGRESS)


def test_spending_is_shown_against_the_budget() -> None:
    """With a budget, the spending of the results folder is shown against it."""
    assert "20,000 of 50,000 credits" in one_line(_PROGRESS | {"max_credits": 50_000.0})


@pytest.mark.parametrize("state", ["paused", "waiting for the rate limit", "waiting for the service"])
def test_waiting_is_a_visible_state(state: str) -> None:
    """Every form of the display shows the reason for which a run waits."""
    progress = _PROGRESS | {"waiting_for": state}
    assert state in one_line(progress)
    assert dict(lines(progress))["limit"].startswith(state)


def test_the_display_is_a_bar_and_five_lines() -> None:
    """On a terminal there is a bar with the share of the work, and a line each for rows, calls, audio, limit, time."""
    console = Console(file=io.StringIO(), width=100, force_terminal=False)
    console.print(display(_PROGRESS))
    shown = console.file.getvalue().splitlines()  # type: ignore[attr-defined]
    assert "40%" in shown[0]
    assert [line.split()[0] for line in shown[1:]] == ["rows", "calls", "made", "limit", "time"]


def test_a_progress_file_of_an_earlier_version_is_shown() -> None:
    """Fields that an earlier version did not write are left out of the display."""
    old = {name: value for name, value in _PROGRESS.items() if not name.startswith(("work", "elapsed", "oldest"))}
    assert "left" not in one_line(old)
    assert share_done(old) == 0.0
    assert lines(old)
