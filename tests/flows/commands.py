"""Runs the `voicemill` command: as a separate process, or faster in this one."""

import functools
import gc
import json
import os
import subprocess
import sys
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

from tests.flows.forked import ForkedProcess
from tests.flows.reused_workers import reusing_workers
from tests.waiting import PATIENCE_S
from voicemill.cli import main

COMMAND = Path(sys.executable).with_name("voicemill")
KEY = "sk_car_test"


@dataclass(frozen=True, slots=True)
class CommandResult:
    """The exit code and the output of a command."""

    code: int
    stdout: str
    stderr: str

    @property
    def json(self) -> Any:
        """The parsed JSON of its standard output."""
        return json.loads(self.stdout)


def start_process(*arguments: str | Path, environment: Mapping[str, str] | None = None) -> subprocess.Popen[bytes]:
    """Start `voicemill` as a user does, in its own process group."""
    return subprocess.Popen(
        [COMMAND, *map(str, arguments)],
        env=os.environ | dict(environment or {}),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )


def wait_for_exit(process: subprocess.Popen[bytes] | ForkedProcess) -> CommandResult:
    """Wait for the exit of a started process."""
    stdout, stderr = process.communicate(timeout=PATIENCE_S)
    return CommandResult(process.wait(), stdout.decode(), stderr.decode())


def run_process(*arguments: str | Path, environment: Mapping[str, str] | None = None) -> CommandResult:
    """Start a process and wait for its exit."""
    return wait_for_exit(start_process(*arguments, environment=environment))


class InThisProcess:
    """Calls the command's `main` in this process, which saves the seconds that a new process needs to start."""

    def __init__(self, capture: pytest.CaptureFixture[str]) -> None:
        self._capture = capture

    def __call__(self, *arguments: str | Path) -> CommandResult:
        """Run `voicemill` with these arguments."""
        self._capture.readouterr()
        with (
            mock.patch.object(sys, "argv", ["voicemill", *map(str, arguments)]),
            mock.patch.dict(os.environ),
            ignoring_prefect_sockets(),
            reusing_workers(),
            mock.patch("gc.get_freeze_count", return_value=1),  # it would count a million objects in every run
            pytest.raises(SystemExit) as end,
        ):
            main()
        output = self._capture.readouterr()
        code = end.value.code
        assert isinstance(code, int)
        return CommandResult(code, output.out, output.err)


@contextmanager
def ignoring_prefect_sockets() -> Iterator[None]:
    """Ignore the socket of its events client that Prefect leaves to the garbage collector once per run."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "unclosed <socket", ResourceWarning)
        yield
        gc.collect()
        _freeze_imported_modules()


@functools.cache
def _freeze_imported_modules() -> None:
    """Exclude what is imported from later garbage collections, each of which would take 0.3 s for it."""
    gc.freeze()


@contextmanager
def service_environment(url: str, key: str = KEY) -> Iterator[None]:
    """Point commands of this process and its children at the service at `url`."""
    with mock.patch.dict(os.environ, {"CARTESIA_BASE_URL": url, "CARTESIA_API_KEY": key}):
        yield
