"""`python -m voicemill.audio.inspection`: inspect the files whose paths arrive on standard input, one at a time."""

from dataclasses import asdict
from pathlib import Path
from typing import Any, BinaryIO

from voicemill.audio.inspection.probe import inspect_recording
from voicemill.audio.inspection.unlistenable import Unlistenable
from voicemill.processes.frames import write_frame
from voicemill.processes.worker_side import allow_cpu, handle_requests, limit_memory

_MEMORY_BYTES = 2 << 30


def _respond(request: dict[str, Any], responses: BinaryIO) -> None:
    def report_progress() -> None:
        allow_cpu(request["cpu_s"])
        write_frame(responses, {"last": False})

    allow_cpu(request["cpu_s"])
    found: dict[str, Any]
    try:
        found = {"recording": asdict(inspect_recording(Path(request["path"]), request["track"], report_progress))}
    except Unlistenable as error:
        found = {"code": error.code, "why": str(error)}
    except MemoryError:
        found = {"code": "breaks_decoder", "why": "takes more than 2 GiB of memory to decode; convert it or remove it"}
    write_frame(responses, found)


if __name__ == "__main__":
    limit_memory(_MEMORY_BYTES)
    handle_requests(_respond)
