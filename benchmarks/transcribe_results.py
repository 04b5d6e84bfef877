"""Transcribe the audio of a results folder with an independent recogniser and compare it with the text.

python -m benchmarks.transcribe_results results/demo
"""

import sys
from pathlib import Path

import pandas as pd

from benchmarks.recogniser import transcribe, word_error_rate


def main(results: Path) -> None:
    """Print the word error rate of each finished row, then of all rows."""
    items = pd.read_parquet(results / "items.parquet")
    done = items[items["status"] == "done"]
    heard = [transcribe(results / name) for name in done["file_name"]]
    for item, text in zip(done.itertuples(), heard, strict=True):
        rate = word_error_rate(str(item.transcript), text)
        print(f"{item.file_name:40} {item.duration_s:7.1f} s   word error rate {rate:6.1%}")
    total = word_error_rate(" ".join(done["transcript"]), " ".join(heard))
    print(f"{'all':40} {done['duration_s'].sum():7.1f} s   word error rate {total:6.1%}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
