"""Run steps of a book in forked processes and kill some: `python -m tests.book.killed_steps`.

Reads a JSON line for each process: the step, its arguments, and after how many seconds to send SIGKILL, null for never.
Replies with the exit code, negative for a signal, and the seconds that the process took. Forking avoids the imports,
which take longer than most steps.
"""

import gc
import json
import os
import select
import signal
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path

import voicemill
from tests.faults.figures import SHARE
from voicemill.book import master
from voicemill.book.importing.folder import write_book
from voicemill.book.importing.import_book import import_book
from voicemill.errors import ConfigError
from voicemill.pipeline.regenerate import record_regeneration
from voicemill.store.results_folder import folder_of_run

CHECK = "transcribed" if SHARE else "signals"
"""The check of runs: a campaign transcribes, for which each run starts worker processes."""
_FORK_FAILED = 70


def import_step(source: str, folder: str) -> None:
    """Import a book, or continue an import that was killed."""
    write_book(import_book(Path(source)), Path(source), Path(folder))


def run_step(manifest: str, results: str) -> None:
    """Run a manifest whose audio is checked, with up to three takes of each passage."""
    settings = voicemill.load_settings(
        defaults={"check": CHECK, "takes": 3, "sample_rate": 8000},
        pace={"max_concurrency": 1},
        long_text={"max_characters_per_call": 60},
    )
    voicemill.run(manifest, results, settings=settings)


def check_step(results: str) -> None:
    """Compare the stored audio with its text, as `voicemill check` does."""
    voicemill.check(results, check="guided")


def regenerate_step(results: str, row: str, passage: str) -> None:
    """Generate a passage again, as `voicemill book regenerate` does."""
    folder = folder_of_run(results)
    with folder.locked():
        record_regeneration(folder, f"{row}/{passage}", "")
    voicemill.retry(results, ids=(row,))


def master_step(results: str, output: str) -> None:
    """Master the results for a shop, a player and a reader."""
    master(results, "acx,m4b,read-along", output, title="The Lamp", author="Ann Author", narrator="Sarah")


_STEPS: dict[str, Callable[..., None]] = {
    "import": import_step,
    "run": run_step,
    "check": check_step,
    "regenerate": regenerate_step,
    "master": master_step,
}


def serve() -> None:
    """Handle requests until standard input ends."""
    gc.freeze()
    for line in sys.stdin:
        request = json.loads(line)
        started_s = time.monotonic()
        code = _run(request["step"], request["arguments"], request["kill_after_s"])
        sys.stdout.write(json.dumps({"code": code, "took_s": time.monotonic() - started_s}) + "\n")
        sys.stdout.flush()


def _run(step: str, arguments: Sequence[str], kill_after_s: float | None) -> int:
    child = os.fork()
    if child == 0:
        _become(step, arguments)
    process = os.pidfd_open(child)
    is_over, _, _ = select.select([process], [], [], kill_after_s)
    if not is_over:
        os.kill(child, signal.SIGKILL)
    os.close(process)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def _become(step: str, arguments: Sequence[str]) -> None:
    """Run the step and end this process."""
    code = _FORK_FAILED
    try:
        os.dup2(os.open(os.devnull, os.O_RDWR), 1)
        _STEPS[step](*arguments)
        code = 0
    except ConfigError as error:
        code = int(error.exit_code)
        sys.stderr.write(f"{step}: {error}\n")
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    serve()
