"""A process that starts runs which end before their end: `python -m tests.faults.forked_runs`.

Reads a JSON line for each run and answers with its process id; `{"wait": 123}` is answered with how it ended and which
fault points it passed. Runs are forked from here, for a fork has Prefect imported already, which takes longer than many
a run. With `crash_at` a run ends itself at its so-and-so-manieth fault point, by `os._exit`, as SIGKILL would end it
between two instructions.

A run is `voicemill` with its arguments, or with `plain` the same flow function with Prefect's tasks called as plain
functions: all of the product but the talk with Prefect's server, in a tenth of the time.
"""

import asyncio
import gc
import itertools
import json
import logging
import os
import sys
import threading
import traceback
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

import flows.mixed  # noqa: F401 - so that each fork has it
import tasks.progress
import tasks.publish
from flows import run_manifest
from voicemill.cli import main
from voicemill.config import Settings, load_settings
from voicemill.errors import VoicemillError
from voicemill.run.publish import Summary, versions
from voicemill.store import durable_files as durable

DEFAULTS = Settings()
CRASHED = 86
BROKEN = 70


def serve() -> None:
    """Start what is asked for, until standard input ends."""
    versions()  # which every run notes; forks find them looked up
    gc.freeze()  # what was imported needs no fork to go through it in search of garbage
    passed: dict[int, int] = {}
    for line in sys.stdin:
        wanted = json.loads(line)
        if "wait" in wanted:
            answer = _ending(wanted["wait"], passed.pop(wanted["wait"]))
        else:
            pid, reading = _start(wanted)
            passed[pid] = reading
            answer = {"pid": pid}
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


def _start(wanted: Mapping[str, Any]) -> tuple[int, int]:
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.close(reading)
            _live(wanted, writing)
        finally:
            os._exit(BROKEN)
    os.close(writing)
    return child, reading


def _ending(child: int, reading: int) -> dict[str, Any]:
    with os.fdopen(reading) as passed:
        names = passed.read().splitlines()
    return {"code": os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), "passed": names}


def _live(wanted: Mapping[str, Any], report: int) -> None:
    os.environ.update(wanted["environment"])
    os.chdir(wanted["folder"])
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    os.dup2(os.open("stderr.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), 2)
    if wanted["crash_at"] is not None:
        durable.set_fault_hook(_hook(wanted["crash_at"], report))
    try:
        (plainly if wanted["plain"] else _as_command)(wanted["arguments"])
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
    sys.argv = ["voicemill", *arguments]
    main()


def plainly(arguments: Sequence[str]) -> None:
    """`run MANIFEST -o RESULTS [--profile PROFILE]`."""
    _verb, manifest, _, results, *profile = arguments
    try:
        settings = load_settings(profile[1] if profile else None)
        sys.exit(asyncio.run(plain_run(manifest, Path(results), settings)).exit_code)
    except VoicemillError as error:
        sys.stderr.write(f"voicemill: {error}\n")
        sys.exit(error.exit_code)


async def plain_run(manifest: str | Path, results: Path, settings: Settings = DEFAULTS) -> Summary:
    """A run whose tasks are plain functions, in this process."""
    with without_prefect():
        return await run_manifest.run_manifest(str(manifest), results, settings)


@contextmanager
def without_prefect() -> Iterator[None]:
    """Within, tasks are the functions they were made of, logs go nowhere, and no artifacts are made."""
    with ExitStack() as patches:
        for module in (run_manifest, tasks.progress, tasks.publish):
            for name, value in list(vars(module).items()):
                if hasattr(value, "fn"):
                    patches.enter_context(mock.patch.object(module, name, value.fn))
                elif name.endswith("_artifact"):
                    patches.enter_context(mock.patch.object(module, name, _no_artifact))
                elif name == "get_run_logger":
                    patches.enter_context(mock.patch.object(module, name, logging.getLogger))
        yield


async def _no_artifact(*_: object, **__: object) -> None:
    """Show nothing."""


if __name__ == "__main__":
    serve()
