"""The `voicemill` command as tests call it: as a process of its own, or quicker in this one."""

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

from voicemill.cli import main

COMMAND = Path(sys.executable).with_name("voicemill")
LONGEST_S = 110
KEY = "sk_car_test"


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command ended, and what it said."""

    code: int
    stdout: str
    stderr: str

    @property
    def json(self) -> Any:
        """What it printed, as JSON."""
        return json.loads(self.stdout)


def start_process(*arguments: str | Path, environment: Mapping[str, str] | None = None) -> subprocess.Popen[bytes]:
    """`voicemill` with these arguments, as a user starts it, in a process group of its own."""
    return subprocess.Popen(
        [COMMAND, *map(str, arguments)],
        env=os.environ | dict(environment or {}),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )


def ending(process: subprocess.Popen[bytes], given: bytes = b"") -> Ended:
    """How a started process ends once it has read `given`."""
    stdout, stderr = process.communicate(given, timeout=LONGEST_S)
    return Ended(process.returncode, stdout.decode(), stderr.decode())


def run_process(*arguments: str | Path, environment: Mapping[str, str] | None = None, given: bytes = b"") -> Ended:
    """Start a process and wait for its end."""
    return ending(start_process(*arguments, environment=environment), given)


class InThisProcess:
    """Calls the command's `main` in this process: the same code, without the seconds that a start takes."""

    def __init__(self, capture: pytest.CaptureFixture[str]) -> None:
        self._capture = capture

    def __call__(self, *arguments: str | Path) -> Ended:
        """`voicemill` with these arguments."""
        self._capture.readouterr()
        with (
            mock.patch.object(sys, "argv", ["voicemill", *map(str, arguments)]),
            mock.patch.dict(os.environ),
            prefect_leaves_sockets(),
            pytest.raises(SystemExit) as end,
        ):
            main()
        said = self._capture.readouterr()
        code = end.value.code
        assert isinstance(code, int)
        return Ended(code, said.out, said.err)


@contextmanager
def prefect_leaves_sockets() -> Iterator[None]:
    """Prefect 3.8.8 leaves the socket of its events client to the garbage collector, once a run."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "unclosed <socket", ResourceWarning)
        yield
        gc.collect()


@contextmanager
def asking(url: str, key: str = KEY) -> Iterator[None]:
    """Let commands of this process and its children ask the service at `url`."""
    with mock.patch.dict(os.environ, {"CARTESIA_BASE_URL": url, "CARTESIA_API_KEY": key}):
        yield
