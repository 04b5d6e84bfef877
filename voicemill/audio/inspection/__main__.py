"""`python -m voicemill.audio.inspection`: inspect the files whose paths arrive on standard input, one at a time."""

from dataclasses import asdict
from pathlib import Path
from typing import Any, BinaryIO

from voicemill.audio.inspection.probe import inspect_recording
from voicemill.audio.inspection.unlistenable import Unlistenable
from voicemill.processes.frames import write_frame
from voicemill.processes.worker_side import allow_cpu, handle_requests, limit_memory

_MEMORY_BYTES = 2 << 30


def _answer(question: dict[str, Any], answers: BinaryIO) -> None:
    def report_progress() -> None:
        allow_cpu(question["cpu_s"])
        write_frame(answers, {"last": False})

    allow_cpu(question["cpu_s"])
    found: dict[str, Any]
    try:
        found = {"recording": asdict(inspect_recording(Path(question["path"]), question["track"], report_progress))}
    except Unlistenable as fault:
        found = {"code": fault.code, "why": str(fault)}
    except MemoryError:
        found = {"code": "breaks_decoder", "why": "takes more than 2 GiB of memory to decode; convert it or remove it"}
    write_frame(answers, found)


if __name__ == "__main__":
    limit_memory(_MEMORY_BYTES)
    handle_requests(_answer)
