"""Master finished runs for every shop, and print the measured values beside the limits.

    python -m benchmarks.mastering results/one results/two

Prints, for each delivery: the lowest and highest measured value of its files, the limit, and how many files keep it;
then encodes, CPU time and memory, and how far the chapters that ffprobe reads are from the planned ones.
"""

import csv
import json
import resource
import shutil
import subprocess
import sys
import tempfile
from collections import defaultdict
from pathlib import Path

from voicemill.book import Mastered, master
from voicemill.book.mastering.master import DELIVERIES

_IGNORED = ("cover_pixels", "author_named", "narrator_named", "opening_credits", "closing_credits")
"""Limits for the details of a book, not for its audio."""


def main(folders: list[Path]) -> None:
    """Master each results folder and print the figures of all of them."""
    values: dict[tuple[str, str, str], list[tuple[float, bool]]] = defaultdict(list)
    encodes: list[int] = []
    for results in folders:
        with tempfile.TemporaryDirectory() as folder:
            before_s = _cpu_s()
            mastered = _mastered(results, Path(folder))
            cpu_s = _cpu_s() - before_s
            lines = _lines(Path(folder))
            for line in lines:
                if line["verdict"] and line["value"] not in _IGNORED:
                    limit = f"{line['at_least'] or '…'} to {line['at_most'] or '…'}"
                    key = (line["delivery"], line["value"], limit)
                    values[key].append((float(line["measured"]), line["verdict"] == "pass"))
            encodes += [int(line["measured"]) for line in lines if line["value"] == "encodes"]
            _print_book(results, mastered, lines, cpu_s)
    print(f"\n{'delivery':<12}{'value':<18}{'measured':<28}{'limit':<18}files within it")
    for (delivery, value, limit), found in values.items():
        measured = f"{min(one for one, _ in found):g} to {max(one for one, _ in found):g}"
        print(f"{delivery:<12}{value:<18}{measured:<28}{limit:<18}{sum(ok for _, ok in found)} of {len(found)}")
    print(f"\nencodes: {encodes.count(1)} files once, {encodes.count(2)} twice")


def _mastered(results: Path, folder: Path) -> Mastered:
    for record in (results / ".voicemill").glob("master*"):
        record.unlink()
    cover = results / "cover.png"
    return master(
        results,
        DELIVERIES,
        folder,
        title=results.name,
        author="Author",
        narrator="Narrator",
        isbn="9781106701657",
        cover=cover if cover.is_file() else None,
    )


def _lines(folder: Path) -> list[dict[str, str]]:
    with (folder / "delivery.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def _print_book(results: Path, mastered: Mastered, lines: list[dict[str, str]], cpu_s: float) -> None:
    [hours] = [
        float(one["measured"]) / 3600 for one in lines if one["file"].endswith(".m4b") and one["value"] == "duration_s"
    ]
    megabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000
    print(
        f"{results.name}: {hours:.2f} h, {sum(map(len, mastered.files.values()))} files, "
        f"{cpu_s / hours:.0f} CPU s per hour for all deliveries, at most {megabytes:.0f} MB of memory"
    )
    print(f"  chapters read by ffprobe: off by at most {_chapter_error_ms(Path(mastered.folder), lines):.3f} ms")


def _chapter_error_ms(folder: Path, lines: list[dict[str, str]]) -> float:
    """The largest distance between a chapter mark of the M4B and the end of the passages before it."""
    program = shutil.which("ffprobe")
    if program is None:
        return float("nan")
    [book] = (folder / "m4b").iterdir()
    command = [program, "-v", "error", "-of", "json", "-show_chapters", str(book)]
    probed = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)["chapters"]
    inside = [one for one in lines if one["delivery"] == "read-along" and one["value"] == "duration_s"]
    planned_s, errors_s = 0.0, []
    for chapter, line in zip(probed, inside, strict=True):
        errors_s.append(abs(float(chapter["start_time"]) - planned_s))
        planned_s += float(line["measured"])
    return 1000 * max(errors_s)


def _cpu_s() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


if __name__ == "__main__":
    main([Path(argument) for argument in sys.argv[1:]])
