"""Find the rows of a run that did not finish, and retry them with other limits.

    python examples/rerun_failed.py [RESULTS]

The first run may make only two calls, so some rows are not started; the retry finishes them.
"""

import sys
from pathlib import Path

import voicemill

MANIFEST = Path(__file__).parents[1] / "data" / "the-lamp.csv"


def main(results: str = "results/rerun") -> None:
    """Run with a budget that is too small, look at what is missing, and retry."""
    result = voicemill.run(MANIFEST, results, max_calls=2)
    print(f"{result.exit_code.name}: {result.reason}")
    for item in result.failures.itertuples():
        print(f"{item.id}: {item.status}: {item.error_message}")
    retried = voicemill.retry(results, max_calls=1000)
    print(f"{retried.summary.headline}; {retried.summary.calls_reused} answers reused")
    damaged = [str(violation) for violation in voicemill.verify(results) if not violation.is_note]
    print("\n".join(damaged) or "every file matches the tables")
    sys.exit(retried.exit_code)


if __name__ == "__main__":
    main(*sys.argv[1:])
