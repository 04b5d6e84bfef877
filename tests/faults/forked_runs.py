"""Start runs in forked processes, which may crash at a given point: `python -m tests.faults.forked_runs`.

Reads a JSON line for each run and returns its process id. For `{"wait": 123}` it returns the exit code and the fault
points that the run passed. Forking avoids the imports, which take longer than most of these runs. With
`crash_at` a run calls `os._exit` at its n-th fault point, which has the effect of SIGKILL at that point.

A run is the `voicemill` command with its arguments, or with `plain` the same pipeline without Prefect, which takes a
tenth of the time.
"""

import asyncio
import functools
import gc
import importlib
import itertools
import json
import os
import sys
import threading
import traceback
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from voicemill.config import load_settings
from voicemill.errors import VoicemillError
from voicemill.pipeline.execute import RunSpec, execute
from voicemill.pipeline.publish import versions
from voicemill.store import durable_files as durable

CRASHED = 86
FORK_FAILED = 70


def serve() -> None:
    """Handle requests until standard input ends."""
    versions()  # Cached for all forks, because every run records them.
    _exclude_imported_objects()
    passed: dict[int, int] = {}
    for line in sys.stdin:
        request = json.loads(line)
        if "wait" in request:
            reply = _ending(request["wait"], passed.pop(request["wait"]))
        else:
            pid, reading = _start(request)
            passed[pid] = reading
            reply = {"pid": pid}
        sys.stdout.write(json.dumps(reply) + "\n")
        sys.stdout.flush()


def _exclude_imported_objects() -> None:
    """Let the garbage collections of the forks skip the objects that exist now."""
    gc.freeze()


@functools.cache
def _import_prefect() -> None:
    """Import the command with its flows once for all forks that run it."""
    for name in ("flows.mixed", "voicemill.cli"):
        importlib.import_module(name)
    _exclude_imported_objects()


def _start(request: Mapping[str, Any]) -> tuple[int, int]:
    if not request["plain"]:
        _import_prefect()
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.close(reading)
            _live(request, writing)
        finally:
            os._exit(FORK_FAILED)
    os.close(writing)
    return child, reading


def _ending(child: int, reading: int) -> dict[str, Any]:
    with os.fdopen(reading) as passed:
        names = passed.read().splitlines()
    return {"code": os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), "passed": names}


def _live(request: Mapping[str, Any], report: int) -> None:
    os.environ.update(request["environment"])
    os.chdir(request["folder"])
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    os.dup2(os.open("stderr.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), 2)
    if request["crash_at"] is not None:
        durable.set_fault_hook(_hook(request["crash_at"], report))
    try:
        (run_without_prefect if request["plain"] else _as_command)(request["arguments"])
    except SystemExit as end:
        sys.stderr.flush()
        os._exit(int(end.code or 0))
    except BaseException:
        traceback.print_exc()
        sys.stderr.flush()


def _hook(crash_at: int, report: int) -> durable.FaultHook:
    counted = itertools.count(1)
    one_at_a_time = threading.Lock()

    def hook(name: str) -> None:
        with one_at_a_time:
            os.write(report, f"{name}\n".encode())
            if next(counted) == crash_at:
                os._exit(CRASHED)

    return hook


def _as_command(arguments: Sequence[str]) -> None:
    from voicemill.cli import main

    sys.argv = ["voicemill", *arguments]
    main()


def run_without_prefect(arguments: Sequence[str]) -> None:
    """`run MANIFEST -o RESULTS [--profile PROFILE]`, with the steps of the run called directly."""
    _verb, manifest, _, results, *profile = arguments
    try:
        settings = load_settings(profile[1] if profile else None)
        sys.exit(asyncio.run(execute(RunSpec(manifest, Path(results), settings))).exit_code)
    except VoicemillError as error:
        sys.stderr.write(f"voicemill: {error}\n")
        sys.exit(error.exit_code)


if __name__ == "__main__":
    serve()
