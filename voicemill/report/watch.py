"""The live display of a run that another process executes, from the file that the run writes."""

import time

from rich.console import Console
from rich.live import Live
from rich.text import Text

from voicemill.report.progress import display
from voicemill.report.progress_text import one_line
from voicemill.store.results_folder import ResultsFolder, read_json

_LIVE_EVERY_S = 0.5
_LINE_EVERY_S = 10.0
_STARTING = "The run is starting."


def watch(results: ResultsFolder, console: Console | None = None) -> None:
    """Show the progress of the run in `results` until it ends; return at once if there is none.

    On a terminal the display is updated in place; elsewhere a line is printed every ten seconds.
    """
    console = console or Console(highlight=False)
    if console.is_terminal:
        _show_live(results, console)
    else:
        _show_lines(results, console)


def _show_live(results: ResultsFolder, console: Console) -> None:
    with Live(Text(_STARTING), console=console, transient=True, refresh_per_second=2) as live:
        while results.is_locked():
            progress = read_json(results.progress)
            if progress:
                live.update(display(progress))
            time.sleep(_LIVE_EVERY_S)


def _show_lines(results: ResultsFolder, console: Console) -> None:
    next_s = 0.0
    while results.is_locked():
        progress = read_json(results.progress)
        if progress and time.monotonic() >= next_s:
            console.print(one_line(progress), markup=False, soft_wrap=True)
            next_s = time.monotonic() + _LINE_EVERY_S
        time.sleep(_LIVE_EVERY_S)
