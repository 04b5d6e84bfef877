"""Transcribe the audio of a results folder and compare it with the text.

python -m benchmarks.transcribe_results results/demo

Whisper base transcribes where `voicemill[local]` is installed, else pocketsphinx.
"""

import sys
from collections.abc import Callable
from pathlib import Path

import pandas as pd

from benchmarks.engine_accuracy import normalized
from benchmarks.recogniser import read, transcribe, word_error_rate
from voicemill.engine.choice import is_local_installed
from voicemill.engine.recognition.whisper import Whisper


def main(results: Path) -> None:
    """Print the word error rate of each finished row, then of all rows."""
    items = pd.read_parquet(results / "items.parquet")
    done = items[items["status"] == "done"]
    recognizer = _whisper() if is_local_installed() else transcribe
    found = [normalized(recognizer(results / name)) for name in done["file_name"]]
    expected = [normalized(str(text)) for text in done["transcript"]]
    for item, said, text in zip(done.itertuples(), expected, found, strict=True):
        print(f"{item.file_name:40} {item.duration_s:7.1f} s   word error rate {word_error_rate(said, text):6.1%}")
    total = word_error_rate(" ".join(expected), " ".join(found))
    print(f"{'all':40} {done['duration_s'].sum():7.1f} s   word error rate {total:6.1%}")


def _whisper() -> Callable[[Path], str]:
    model = Whisper()

    def transcript(path: Path) -> str:
        return " ".join(segment.text for segment in model.transcribe([read(path)], "en"))

    return transcript


if __name__ == "__main__":
    main(Path(sys.argv[1]))
