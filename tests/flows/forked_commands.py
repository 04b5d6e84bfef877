"""Runs `voicemill` commands in forked processes: `python -m tests.flows.forked_commands SOCKET`.

This process has imported what a run imports, which takes a new process three seconds of CPU time, and has no Python
thread. A request on the inherited socket is a JSON object with the arguments, the environment and the working folder of
a command. Three file descriptors come with it: standard output, standard error, and a socket that gets the process id
and later the exit code. The forked process calls the `main` of the installed executable, so that it handles signals and
exits as that does.
"""

import gc
import json
import os
import signal
import socket
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from importlib import import_module
from typing import Any

import voicemill.__main__ as executable

_LONGEST_REQUEST_BYTES = 1 << 20
_IMPORTED = ("flows.mixed", "voicemill.cli.run", "voicemill.engine.app", "voicemill.pipeline.finished_run")


def _import_all() -> None:
    """Import what a run imports, prepared as in a process that has run a command."""
    sys.argv = ["voicemill", "--version"]
    with suppress(SystemExit):
        executable.main()
    from flows.prefect_server import ensure, settings

    settings.quiet_prefect_logging()
    ensure._import_prefect_engine()
    for name in _IMPORTED:
        import_module(name)
    settings.adopt_environment()  # a forked run with the same settings need not load them again
    gc.freeze()


def _wait_for_request(requests: socket.socket) -> None:
    """Handle requests until the tests end. Returns only in a forked process, which is then ready to run the command."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the kernel then removes processes that have exited
    while True:
        request, descriptors, _, _ = socket.recv_fds(requests, _LONGEST_REQUEST_BYTES, 3)
        if not request:
            sys.exit()
        if os.fork() == 0:
            requests.close()
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            return _fork_command(json.loads(request), descriptors)
        for descriptor in descriptors:
            os.close(descriptor)


def _fork_command(request: Mapping[str, Any], descriptors: Sequence[int]) -> None:
    """Return in a new process, while this one reports its id and its exit code."""
    stdout, stderr, report = descriptors
    command = os.fork()
    if command == 0:
        os.close(report)
        os.setsid()
        for descriptor, number in ((os.open(os.devnull, os.O_RDONLY), 0), (stdout, 1), (stderr, 2)):
            os.dup2(descriptor, number)
            os.close(descriptor)
        os.environ.clear()
        os.environ.update(request["environment"])
        os.chdir(request["folder"])
        sys.argv = ["voicemill", *request["arguments"]]
        return
    os.write(report, str(command).encode())
    os.write(report, str(os.waitstatus_to_exitcode(os.waitpid(command, 0)[1])).encode())
    os._exit(0)


if __name__ == "__main__":
    inherited = socket.socket(fileno=int(sys.argv[1]))
    _import_all()
    _wait_for_request(inherited)
    executable.main()
