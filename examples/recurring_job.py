"""Convert the texts of a folder to speech, and at each further run only those that are new or changed.

    python examples/recurring_job.py FOLDER [RESULTS]

Call it from cron, or let Prefect schedule the same work: `voicemill schedule add news FOLDER --cron "0 6 * * *"`.
"""

import sys

import voicemill


def main(texts: str, results: str = "results/news") -> None:
    """Run once. A run that finds the results folder in use leaves the work to the other run."""
    try:
        result = voicemill.run(texts, results, op="tts", container="mp3")
    except voicemill.ResultsLockedError as locked:
        print(f"skipped: {locked}")
        return
    new = sum(result.counts.values()) - result.summary.rows_unchanged
    print(f"{new} new, {result.summary.rows_unchanged} unchanged, {result.summary.calls_made} calls")
    sys.exit(result.exit_code)


if __name__ == "__main__":
    main(*sys.argv[1:])
