"""The worker side of a child process: resource limits, and the loop that handles requests from standard input."""

import os
import resource
import select
import signal
import sys
import threading
from collections.abc import Callable
from typing import Any, BinaryIO, Final

from voicemill.processes.frames import request_from_line

MEMORY_BYTES: Final = 6 << 30


def limit_memory(most_bytes: int = MEMORY_BYTES) -> None:
    """Limit the memory of this process and its children; allocations beyond the limit fail."""
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    soft = most_bytes if hard == resource.RLIM_INFINITY else min(most_bytes, hard)
    resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


def allow_cpu(seconds: float) -> None:
    """Limit this process to `seconds` more of CPU time; the next call resets the limit.

    A timer, not RLIMIT_CPU, which counts from the start of a process and is inherited by its children.
    """
    signal.setitimer(signal.ITIMER_PROF, seconds)


Handler = Callable[[dict[str, Any], BinaryIO], None]
"""Writes the frames of a response."""


def handle_requests(handle: Handler) -> None:
    """Handle requests until the parent closes the pipe."""
    requests, responses = sys.stdin.buffer, private_stdout()
    threading.Thread(target=_exit_with_parent, args=(requests.fileno(),), daemon=True).start()
    for line in requests:
        handle(request_from_line(line), responses)


def private_stdout() -> BinaryIO:
    """The pipe for responses, protected from libraries that print."""
    responses = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    return responses


def _exit_with_parent(pipe: int) -> None:
    """Exit at once when the parent exits, even during a long job."""
    watch = select.poll()
    watch.register(pipe, select.POLLHUP | getattr(select, "POLLRDHUP", 0))
    watch.poll()
    os._exit(0)
