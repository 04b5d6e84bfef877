"""`python -m voicemill.engine.worker`: answers one question a line from standard input, until it is closed."""

import os
import select
import sys
import threading
import traceback
from typing import Any, BinaryIO

from voicemill.engine.refusals import Refusal
from voicemill.engine.worker.jobs import frames_for
from voicemill.engine.worker.limits import allow_cpu, limit_memory
from voicemill.engine.workers.frames import question_from_line, write_frame


def main() -> None:
    """Answer questions until the server closes the pipe."""
    limit_memory()
    questions, answers = sys.stdin.buffer, _private_stdout()
    threading.Thread(target=_end_with_the_server, args=(questions.fileno(),), daemon=True).start()
    for line in questions:
        _answer(question_from_line(line), answers)


def _answer(question: dict[str, Any], answers: BinaryIO) -> None:
    allow_cpu(question["cpu_s"])
    try:
        for header, body in frames_for(question):
            write_frame(answers, header, body)
            allow_cpu(question["cpu_s"])
    except Refusal as refusal:
        write_frame(answers, {"refusal": refusal.fields()})
    except Exception as error:
        write_frame(answers, {"refusal": _internal(error).fields(), "traceback": traceback.format_exc()})


def _internal(error: Exception) -> Refusal:
    return Refusal(500, "Internal server error", f"The speech engine failed on this request ({type(error).__name__}).")


def _private_stdout() -> BinaryIO:
    """The pipe of answers, out of reach of libraries that print."""
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    return answers


def _end_with_the_server(pipe: int) -> None:
    """End at once when the server is gone, even in the middle of a long job."""
    watch = select.poll()
    watch.register(pipe, select.POLLHUP | getattr(select, "POLLRDHUP", 0))
    watch.poll()
    os._exit(0)


if __name__ == "__main__":
    main()
