"""`python -m voicemill.engine.worker`: processes one job for each line of standard input until it ends."""

import traceback
from typing import Any, BinaryIO

from voicemill.engine.refusals import Refusal
from voicemill.engine.worker.jobs import frames_for
from voicemill.processes.frames import write_frame
from voicemill.processes.worker_side import allow_cpu, handle_requests, limit_memory


def main() -> None:
    """Process jobs until the server closes the pipe."""
    limit_memory()
    handle_requests(_answer)


def _answer(job: dict[str, Any], answers: BinaryIO) -> None:
    allow_cpu(job["cpu_s"])
    try:
        for header, body in frames_for(job):
            write_frame(answers, header, body)
            allow_cpu(job["cpu_s"])
    except Refusal as refusal:
        write_frame(answers, {"refusal": refusal.fields()})
    except Exception as error:
        write_frame(answers, {"refusal": _internal(error).fields(), "traceback": traceback.format_exc()})


def _internal(error: Exception) -> Refusal:
    return Refusal(500, "Internal server error", f"The speech engine failed on this request ({type(error).__name__}).")


if __name__ == "__main__":
    main()
