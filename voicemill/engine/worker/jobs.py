"""The jobs of a worker: each kind has a function that takes the job and yields frames."""

from collections.abc import Callable, Iterator
from importlib import import_module
from typing import Any, Final

from voicemill.processes.frames import Frame

JobFunction = Callable[[dict[str, Any]], Iterator[Frame]]

JOBS: Final = {
    "tts_bytes": "tts",
    "tts_pieces": "tts",
    "stt": "stt",
    "voice_change": "voice_change",
    "voice_change_pieces": "voice_change",
    "clone": "clone",
    "infill": "infill",
}
"""The module of each kind of job, imported on first use, so that speech does not wait for the recognizer."""


def frames_for(job: dict[str, Any]) -> Iterator[Frame]:
    """The frames of a job; its `kind` selects the function."""
    kind = job["kind"]
    function: JobFunction = getattr(import_module(f"voicemill.engine.worker.{JOBS[kind]}"), kind)
    return function(job)
