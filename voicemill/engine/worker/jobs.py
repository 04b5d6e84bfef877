"""What a worker can be asked to do: one function a job, from a question to the frames that answer it."""

from collections.abc import Callable, Iterator
from typing import Any

from voicemill.engine.worker.tts import tts_bytes, tts_pieces
from voicemill.engine.workers.frames import Frame

Job = Callable[[dict[str, Any]], Iterator[Frame]]

JOBS: dict[str, Job] = {"tts_bytes": tts_bytes, "tts_pieces": tts_pieces}


def frames_for(question: dict[str, Any]) -> Iterator[Frame]:
    """The frames that answer a question; its `job` names who does."""
    return JOBS[question["job"]](question)
