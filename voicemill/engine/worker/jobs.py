"""What a worker can be asked to do: one function a job, from a question to the frames that answer it."""

from collections.abc import Callable, Iterator
from importlib import import_module
from typing import Any, Final

from voicemill.processes.frames import Frame

Job = Callable[[dict[str, Any]], Iterator[Frame]]

JOBS: Final = {
    "tts_bytes": "tts",
    "tts_pieces": "tts",
    "stt": "stt",
    "voice_change": "voice_change",
    "voice_change_pieces": "voice_change",
    "clone": "clone",
    "infill": "infill",
}
"""The module of each job, loaded when first asked for: whoever only speaks need not wait for the recogniser."""


def frames_for(question: dict[str, Any]) -> Iterator[Frame]:
    """The frames that answer a question; its `job` names who does."""
    name = question["job"]
    job: Job = getattr(import_module(f"voicemill.engine.worker.{JOBS[name]}"), name)
    return job(question)
