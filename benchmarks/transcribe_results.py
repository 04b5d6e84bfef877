"""Transcribe the audio of a results folder and compare it with the text.

python -m benchmarks.transcribe_results results/demo

Whisper base transcribes where `voicemill[local]` is installed, else pocketsphinx.
"""

import sys
from pathlib import Path

import pandas as pd

from benchmarks.recognizer import transcribe
from benchmarks.word_errors import error_rate, whisper_transcript
from voicemill.engine.choice import is_local_installed


def main(results: Path) -> None:
    """Print the word error rate of each finished row, then of all rows."""
    items = pd.read_parquet(results / "items.parquet")
    done = items[items["status"] == "done"]
    recognizer = whisper_transcript if is_local_installed() else transcribe
    pairs = [(str(item.transcript), recognizer(results / str(item.file_name))) for item in done.itertuples()]
    for item, pair in zip(done.itertuples(), pairs, strict=True):
        print(f"{item.file_name:40} {item.duration_s:7.1f} s   word error rate {error_rate([pair]):6.1%}")
    print(f"{'all':40} {done['duration_s'].sum():7.1f} s   word error rate {error_rate(pairs):6.1%}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
