"""`python -m tests.book.killed_steps SECONDS STEP ARGUMENT…`: one step of a book, killed after some CPU time.

The steps are `import SOURCE FOLDER`, `run MANIFEST RESULTS` and `regenerate RESULTS ROW PASSAGE`. The process ends
with 0 if it was finished before it was killed.
"""

import signal
import sys
from collections.abc import Callable
from pathlib import Path


def import_step(source: str, folder: str) -> None:
    """Import a book, or continue an import that was killed."""
    from voicemill.book.importing.folder import write_book
    from voicemill.book.importing.import_book import import_book

    write_book(import_book(Path(source)), Path(source), Path(folder))


def run_step(manifest: str, results: str) -> None:
    """Run a manifest with checks and takes."""
    import voicemill

    settings = voicemill.load_settings(
        defaults={"check": "signals", "takes": 3, "sample_rate": 8000},
        pace={"max_concurrency": 1},
        long_text={"max_characters_per_call": 60},
    )
    voicemill.run(manifest, results, settings=settings)


def regenerate_step(results: str, row: str, passage: str) -> None:
    """Generate a passage again, as `voicemill book regenerate` does."""
    import voicemill
    from voicemill.pipeline.regenerate import record_regeneration
    from voicemill.store.results_folder import folder_of_run

    folder = folder_of_run(results)
    with folder.locked():
        record_regeneration(folder, f"{row}/{passage}", "")
    voicemill.retry(results, ids=(row,))


_STEPS: dict[str, Callable[..., None]] = {"import": import_step, "run": run_step, "regenerate": regenerate_step}


if __name__ == "__main__":
    seconds, step, *arguments = sys.argv[1:]
    if float(seconds):
        signal.setitimer(signal.ITIMER_PROF, float(seconds))
    _STEPS[step](*arguments)
