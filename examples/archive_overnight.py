"""Transcribe a folder of recordings to text, subtitles and word timestamps, within a budget.

    python examples/archive_overnight.py [FOLDER [RESULTS]]

Start it in the evening. If the budget, the service or the machine stops it, start it again: completed calls are not
billed again.
"""

import sys
from pathlib import Path

import voicemill

TALKS = Path(__file__).parents[1] / "data" / "talks"


def main(recordings: str = str(TALKS), results: str = "results/archive") -> None:
    """Transcribe every recording below a folder, then list the transcripts that may need a second look."""
    result = voicemill.run(
        recordings,
        results,
        op="stt",
        output_format="txt,srt",
        max_credits=100_000,
        fail_on_error=0.1,
        when_down="wait",
        on_progress=lambda progress: print(f"{progress['rows_done']} of {progress['rows']} recordings"),
    )
    print(result.summary.headline)
    items = result.items
    done = items[items["status"] == "done"]
    for name, words, suspect in zip(done["id"], done["words"], done["suspect"], strict=True):
        flags = f" (check it: {', '.join(suspect)})" if len(suspect) else ""
        print(f"{name}: {words} words{flags}")
    for item in result.failures.itertuples():
        print(f"{item.id}: {item.status}: {item.error_message}")
    sys.exit(result.exit_code)


if __name__ == "__main__":
    main(*sys.argv[1:])
