"""A process that starts runs which end themselves at a chosen fault point: `python -m tests.faults.crashing_runs`.

Reads one JSON line for each run, `{"arguments": [...], "crash_at": 7}`, which ends it at the seventh fault point.
Answers with one: `{"code": 86, "passed": ["before answer", ...]}`. Runs are forked from here, for a fork has Prefect
imported already; `os._exit` ends one as SIGKILL would, between two instructions.
"""

import itertools
import json
import os
import sys
import threading
from collections.abc import Sequence
from typing import Any

import flows.tts  # noqa: F401 - so that each fork has it
from flows.command_line import main
from voicemill.store import durable

CRASHED = 86


def serve() -> None:
    """Run what is asked for, until standard input ends."""
    for line in sys.stdin:
        sys.stdout.write(json.dumps(_run(json.loads(line))) + "\n")
        sys.stdout.flush()


def _run(wanted: dict[str, Any]) -> dict[str, Any]:
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        _crashing(wanted["arguments"], wanted["crash_at"], writing)
    os.close(writing)
    with os.fdopen(reading) as passed:
        names = passed.read().splitlines()
    return {"code": os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), "passed": names}


def _crashing(arguments: Sequence[str], crash_at: int, report: int) -> None:
    counted = itertools.count(1)
    one_at_a_time = threading.Lock()

    def hook(name: str) -> None:
        with one_at_a_time:
            os.write(report, f"{name}\n".encode())
            if next(counted) == crash_at:
                os._exit(CRASHED)

    durable.set_fault_hook(hook)
    sys.argv = ["voicemill", *arguments]
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    try:
        main()
    except SystemExit as end:
        os._exit(int(end.code or 0))
    finally:
        os._exit(70)


if __name__ == "__main__":
    serve()
