"""Worker processes for checks of words: as many as there are CPUs, each started when it is first needed."""

import base64
import os
import queue
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import soxr
from numpy.typing import NDArray

from voicemill.model import Finding, Word
from voicemill.processes.worker_process import WorkerDied, WorkerProcess

_WORKER: Final = "voicemill.quality.worker"
_RATE_HZ: Final = 16_000
_TIMEOUT_S: Final = 600.0
"""For a crash without an end; a worker limits its own CPU time."""


class CheckFailed(Exception):
    """The worker process ended during a check."""


class CheckPool:
    """Runs checks of words. Use it from `size` threads at once; further ones wait. Close it at the end."""

    def __init__(self, size: int = 0) -> None:
        self.size = size or len(os.sched_getaffinity(0))
        self._workers = [WorkerProcess(_WORKER) for _ in range(self.size)]
        self._idle: queue.LifoQueue[WorkerProcess] = queue.LifoQueue()
        for worker in self._workers:
            self._idle.put(worker)

    def findings(
        self, samples: NDArray[np.float32], rate_hz: int, text: str, allowed: Sequence[str] = ()
    ) -> tuple[Finding, ...]:
        """What is wrong with mono `samples` in -1..1, which should say `text` in English. Raises `CheckFailed`."""
        resampled = samples if rate_hz == _RATE_HZ else soxr.resample(samples, rate_hz, _RATE_HZ)
        pcm = (np.clip(resampled, -1.0, 1.0) * 32767).astype("<i2").tobytes()
        return self._sent({"text": text, "pcm": base64.b64encode(pcm).decode(), "allowed": [*allowed]})

    def compared(
        self, text: str, language: str, words: Sequence[Word], end_s: float, allowed: Sequence[str] = ()
    ) -> tuple[Finding, ...]:
        """Where recognized words of `end_s` seconds of audio differ from `text`. Raises `CheckFailed`."""
        request = {"text": text, "language": language, "words": [*words], "end_s": end_s, "allowed": [*allowed]}
        return self._sent(request)

    def _sent(self, request: dict[str, Any]) -> tuple[Finding, ...]:
        worker = self._idle.get()
        try:
            (frame,) = worker.send(request, _TIMEOUT_S)
        except (WorkerDied, TimeoutError) as error:
            worker.stop()
            raise CheckFailed(str(error)) from error
        finally:
            self._idle.put(worker)
        return tuple(Finding(**finding) for finding in frame.header["findings"])

    def close(self) -> None:
        """End the worker processes."""
        for worker in self._workers:
            worker.stop()
