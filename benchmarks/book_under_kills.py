"""Generate a whole book with three SIGKILLs and resumes, then transcribe both ends of each chapter to verify it.
    python -m benchmarks.book_under_kills alice.txt

Prints the calls that each start reused and made, each chapter's duration relative to its text, and the word error rate
of its first and last half minute, which shows a sentence lost at a join or at an end.
"""

import json
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pandas as pd

from benchmarks import book_chapters
from benchmarks.recognizer import RATE_HZ, read, transcribe_samples, word_error_rate

KILL_AT = (0.2, 0.45, 0.7)
SAMPLE_S = 30
COMMAND = [sys.executable, "-c", "from voicemill.cli import main; main()", "run"]


def _share_done(results: Path) -> float:
    try:
        stats = json.loads((results / ".voicemill" / "progress.json").read_text())
    except (OSError, ValueError):
        return 0.0
    ended: int = stats["calls_kept"] + stats["calls_reused"]
    return ended / max(1, int(stats["calls"]))


def _run_until(command: list[str], results: Path, share: float) -> None:
    (results / ".voicemill" / "progress.json").unlink(missing_ok=True)
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as run:
        while run.poll() is None and _share_done(results) < share:
            time.sleep(0.05)
        run.send_signal(signal.SIGKILL)
    kept = sum(1 for _ in (results / "answers").glob("*/*.answer"))
    print(f"killed at {share:.0%}: {kept} answers are kept", flush=True)


def _transcript(path: Path) -> tuple[str, str]:
    samples = read(path)
    return transcribe_samples(samples[: SAMPLE_S * RATE_HZ]), transcribe_samples(samples[-SAMPLE_S * RATE_HZ :])


def _best_rate(words: list[str], transcript: str, *, from_start: bool) -> float:
    """The lowest word error rate against a prefix or a suffix of the text."""
    about = len(transcript.split())
    lengths = range(max(1, about // 2), about * 2)
    candidates = (words[:length] if from_start else words[-length:] for length in lengths)
    return min(word_error_rate(" ".join(candidate), transcript) for candidate in candidates)


def main(book: Path) -> None:
    """Run, kill, resume, and print the figures."""
    with tempfile.TemporaryDirectory() as folder:
        book_chapters.main(book, Path(folder) / "book")
        results = Path(folder) / "results"
        command = [*COMMAND, str(Path(folder) / "book" / "manifest.csv"), "-o", str(results), "--profile", "audiobook"]
        for share in KILL_AT:
            _run_until(command, results, share)
        subprocess.run(command, check=True)
        items = pd.read_parquet(results / "items.parquet")
        total_s = 0.0
        rates = []
        for item in items.to_dict("records"):
            first, last = _transcript(results / item["file_name"])
            words = item["transcript"].split()
            head = _best_rate(words, first, from_start=True)
            tail = _best_rate(words, last, from_start=False)
            pace = item["characters"] / item["duration_s"]
            total_s += item["duration_s"]
            rates += [head, tail]
            print(
                f"{item['id']}  {item['duration_s']:7.1f} s  {pace:5.2f} characters/s   "
                f"word error rate: first {SAMPLE_S} s {head:.0%}, last {SAMPLE_S} s {tail:.0%}",
                flush=True,
            )
        print(
            f"{len(items)} files, {total_s / 3600:.2f} hours; mean word error rate of {len(rates)} samples "
            f"{sum(rates) / len(rates):.0%}"
        )


if __name__ == "__main__":
    main(Path(sys.argv[1]))
