"""Live progress on a terminal; plain lines where there is none. Reads what the run writes down about itself."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from voicemill.report.amounts import produced, span
from voicemill.store.results_folder import read_json

_LOOK_EVERY_S = 0.25
_LINE_EVERY_S = 10.0


@contextmanager
def live_progress(progress_file: Path, calls: int, *, as_json: bool) -> Iterator[None]:
    """Show how the run goes until the block ends. `calls` is how many the whole manifest needs."""
    progress_file.unlink(missing_ok=True)
    ended = threading.Event()
    console = Console(stderr=True, highlight=False)
    show = _bar if console.is_terminal else _plain_lines
    thread = threading.Thread(target=show, args=(console, progress_file, calls, ended), daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def _bar(console: Console, progress_file: Path, calls: int, ended: threading.Event) -> None:
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("starting", total=max(1, calls))
        started = time.monotonic()
        while not ended.wait(_LOOK_EVERY_S):
            stats = read_json(progress_file)
            if stats:
                progress.update(task, completed=_ended_calls(stats), description=describe(stats, _age_s(started)))


def _plain_lines(console: Console, progress_file: Path, _calls: int, ended: threading.Event) -> None:
    started = time.monotonic()
    while not ended.wait(_LINE_EVERY_S):
        stats = read_json(progress_file)
        if stats:
            console.print(describe(stats, _age_s(started)), markup=False, soft_wrap=True)


def _age_s(started: float) -> float:
    return time.monotonic() - started


def _ended_calls(stats: dict[str, Any]) -> int:
    return int(stats["calls_kept"]) + int(stats["calls_reused"])


def describe(stats: dict[str, Any], age_s: float = 0.0) -> str:
    """One line: rows, calls, audio, credits, and when it will be done at this pace."""
    ended, calls = _ended_calls(stats), int(stats["calls"])
    parts = [
        f"{stats['rows_done']}/{stats['rows']} rows",
        f"{ended}/{calls} calls",
        f"{stats['calls_in_flight']} in flight",
        *produced(stats.get("transcribed_s", 0.0), stats.get("converted_s", 0.0), stats["audio_s"]),
        f"{stats['credits']:,.0f} credits",
    ]
    if stats["rows_failed"] or stats["rows_refused"]:
        parts.insert(1, f"{stats['rows_failed']} failed, {stats['rows_refused']} refused")
    if stats.get("control", {}).get("paused"):
        parts.append("paused")
    if stats["rows_assembling"]:
        parts.append(f"{stats['rows_assembling']} files being written")
    if stats["retries"]:
        parts.append(f"{stats['retries']} retries")
    if not stats.get("slots", 1):
        parts.append(str(stats.get("why", "waiting")))
    kept = int(stats["calls_kept"])
    if kept and age_s and ended < calls:
        parts.append(f"{span((calls - ended) * age_s / kept)} left")
    return " · ".join(parts)
