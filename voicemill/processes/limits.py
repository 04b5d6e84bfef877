"""What a worker may use: it reads files that strangers wrote."""

import resource
import signal
from typing import Final

MEMORY_BYTES: Final = 6 << 30


def limit_memory(most_bytes: int = MEMORY_BYTES) -> None:
    """Make an allocation beyond the limit fail, in this process and those it starts."""
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    soft = most_bytes if hard == resource.RLIM_INFINITY else min(most_bytes, hard)
    resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


def allow_cpu(seconds: float) -> None:
    """End this process when it has computed for `seconds` more; the next call sets the clock anew.

    A timer and not RLIMIT_CPU, which counts from the start of a process and is handed down to those it starts.
    """
    signal.setitimer(signal.ITIMER_PROF, seconds)
