"""A Dask cluster on loopback."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from tests.waiting import wait_until


@dataclass(frozen=True, slots=True)
class Cluster:
    """A scheduler with workers: the runner that names it, and its processes."""

    runner: str
    scheduler: "subprocess.Popen[bytes]"
    workers: "list[subprocess.Popen[bytes]]"


@contextmanager
def dask_cluster(
    folder: Path,
    prefixes: Sequence[Sequence[str]] = ((), ()),
    *,
    replaces_workers: bool = False,
    host: str = "127.0.0.1",
) -> Iterator[Cluster]:
    """A scheduler at `host` with one worker for each of `prefixes`, whose command starts with it.

    Dask replaces lost workers on request; otherwise they run without a supervisor.
    """
    file = folder / "scheduler.json"
    common = ("--scheduler-file", file, "--no-dashboard")
    with ExitStack() as stack:
        scheduler = stack.enter_context(_process("dask_scheduler", "--host", host, "--port", "0", *common))
        wait_until(file.exists, "the address of the scheduler")
        options = ("--nanny" if replaces_workers else "--no-nanny", "--nthreads", "2", *common)
        started = [stack.enter_context(_process("dask_worker", *options, prefix=each)) for each in prefixes]
        address = wait_until(lambda: _address_in(file.read_text()), "the address of the scheduler")
        yield Cluster(f"dask://{address}", scheduler, started)


@contextmanager
def _process(*arguments: str | Path, prefix: Sequence[str] = ()) -> Iterator["subprocess.Popen[bytes]"]:
    """A process of the cluster, with its children, until the block ends."""
    command = [*prefix, sys.executable, "-m", "distributed.cli." + str(arguments[0]), *map(str, arguments[1:])]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL, start_new_session=True) as process:
        try:
            yield process
        finally:
            with suppress(ProcessLookupError):  # the test may have killed it
                os.killpg(process.pid, signal.SIGKILL)


def _address_in(text: str) -> str:
    return text.partition("tcp://")[2].partition('"')[0]
