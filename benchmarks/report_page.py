"""CPU time and memory to write the report, time to open it in Chromium, and to filter at each keystroke.

    python -m benchmarks.report_page                  # reports of 10,000 and 100,000 rows

Opening is measured in the page, from the start of navigation to the first frame with rows; a keystroke from the input
event to the updated table. Both are medians of several measurements. Writing is measured once, in a separate process:
the CPU time, because a report has one thread, and how much the largest resident memory exceeds that before writing.
"""

import argparse
import json
import random
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from playwright.sync_api import Browser

from tests.html_report.browser import OpenedReport, started_browser
from tests.html_report.folders import Row, done_row, failed_row, passage, results_folder, spoken_words
from voicemill.html_report.write import write_report
from voicemill.store.results_folder import ResultsFolder

SIZES = (10_000, 100_000)
_OPENED = 5
_QUERY = "river boat 12"
_WORDS = ("lamp", "river", "boat", "island", "storm", "wind", "evening", "light", "ship", "captain", "letter", "winter")


def folder_of(count: int, path: Path) -> ResultsFolder:
    """A results folder with words and a checked passage in every finished row, and one failed row in a hundred."""
    dice = random.Random(1)
    rows = [_row(number, dice) for number in range(count)]
    done = [row for row in rows if row["status"] == "done"]
    words = (word for row in done for word in spoken_words(row))
    return results_folder(path, rows, words=words, passages=[passage(row) for row in done])


def _row(number: int, dice: random.Random) -> Row:
    if dice.random() < 0.01:
        return failed_row(number, dice.choice(("transient", "throttled")))
    text = " ".join(dice.choices(_WORDS, k=dice.randint(6, 18)))
    voice, latency_s = dice.choice(("sarah", "james")), dice.lognormvariate(-0.3, 0.4)
    return done_row(number, text, voice=voice, latency_s=latency_s, verdict="ok")


def main() -> None:
    """Print one line for each size."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", type=Path, metavar="RESULTS", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.write:
        _write(ResultsFolder(arguments.write))
        return
    print(f"{'rows':>8} {'CPU':>8} {'memory':>9} {'size':>9} {'open':>8} {'keystroke':>10}")
    with started_browser() as browser:
        for count in SIZES:
            with tempfile.TemporaryDirectory() as name:
                report = folder_of(count, Path(name)).report
                figures = _written(report.parent)
                open_ms = statistics.median(_open_ms(browser, report) for _ in range(_OPENED))
                filter_ms = statistics.median(_filter_ms(browser, report))
                written = f"{figures['cpu_s']:>6.1f} s {figures['mb']:>6.0f} MB {report.stat().st_size / 1e6:>6.1f} MB"
                print(f"{count:>8,} {written} {open_ms / 1000:>6.2f} s {filter_ms:>7.0f} ms")


def _written(results: Path) -> dict[str, float]:
    command = [sys.executable, "-m", "benchmarks.report_page", "--write", str(results)]
    figures: dict[str, float] = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
    return figures


def _write(folder: ResultsFolder) -> None:
    before_mb, cpu_s = _resident_mb("VmRSS"), time.process_time()
    write_report(folder)
    print(json.dumps({"cpu_s": time.process_time() - cpu_s, "mb": _resident_mb("VmHWM") - before_mb}))


def _resident_mb(name: str) -> float:
    status = Path("/proc/self/status").read_text()
    return int(status.split(f"{name}:")[1].split()[0]) / 1024


def _open_ms(browser: Browser, path: Path) -> float:
    opened = OpenedReport(browser, path)
    ms = float(opened.page.evaluate("performance.getEntriesByName('voicemill:open')[0].startTime"))
    opened.page.close()
    return ms


def _filter_ms(browser: Browser, path: Path) -> list[float]:
    opened = OpenedReport(browser, path)
    opened.page.fill("#search", "x")  # the first search builds the index
    opened.page.evaluate("performance.clearMeasures('voicemill:filter')")
    opened.page.fill("#search", "")
    opened.page.focus("#search")
    for key in _QUERY:
        opened.page.keyboard.press(key if key != " " else "Space")
    opened.wait_for(f"performance.getEntriesByName('voicemill:filter').length > {len(_QUERY)}")
    found = opened.page.evaluate("performance.getEntriesByName('voicemill:filter').map((entry) => entry.duration)")
    opened.page.close()
    return [float(ms) for ms in found[1:]]


if __name__ == "__main__":
    main()
