"""Live progress of a run: a few lines on a terminal, one line now and then elsewhere, or JSON lines for programs."""

import json
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from voicemill.report.progress_text import lines, one_line, share_done
from voicemill.store.results_folder import read_json

_REFRESH_EVERY_S = 0.5
_JSON_EVERY_S = 2.0
_LINE_EVERY_S = 10.0
_BAR_WIDTH = 40


@contextmanager
def live_progress(progress_file: Path, *, as_json: bool) -> Iterator[None]:
    """Show the progress that the run writes to `progress_file` on stderr, until the block ends."""
    progress_file.unlink(missing_ok=True)
    ended = threading.Event()
    console = Console(stderr=True, highlight=False)
    show = _show_json if as_json else _show_live if console.is_terminal else _show_lines
    thread = threading.Thread(target=show, args=(console, progress_file, ended), daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def display(progress: dict[str, Any]) -> Group:
    """A bar and a few titled lines."""
    table = Table.grid(padding=(0, 2, 0, 0))
    for title, text in lines(progress):
        table.add_row(Text(title, style="bold"), Text(text))
    share = share_done(progress)
    bar = Table.grid(padding=(0, 2, 0, 0))
    bar.add_row(ProgressBar(total=1.0, completed=share, width=_BAR_WIDTH), Text(f"{share:.0%}"))
    return Group(bar, table)


def _show_live(console: Console, progress_file: Path, ended: threading.Event) -> None:
    with Live(Text("Starting"), console=console, transient=True, refresh_per_second=2) as live:
        while not ended.wait(_REFRESH_EVERY_S):
            progress = read_json(progress_file)
            if progress:
                live.update(display(progress))


def _show_lines(console: Console, progress_file: Path, ended: threading.Event) -> None:
    while not ended.wait(_LINE_EVERY_S):
        progress = read_json(progress_file)
        if progress:
            console.print(one_line(progress), markup=False, soft_wrap=True)


def _show_json(_console: Console, progress_file: Path, ended: threading.Event) -> None:
    while not ended.wait(_JSON_EVERY_S):
        progress = read_json(progress_file)
        if progress:
            sys.stderr.write(json.dumps({"event": "progress", **progress}) + "\n")
            sys.stderr.flush()
