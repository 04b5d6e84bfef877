"""The worker's side: questions a line from standard input, answers as frames, an end when the parent is gone."""

import os
import select
import sys
import threading
from collections.abc import Callable
from typing import Any, BinaryIO

from voicemill.processes.frames import question_from_line

Answer = Callable[[dict[str, Any], BinaryIO], None]
"""Writes the frames that answer a question."""


def answer_questions(answer: Answer) -> None:
    """Answer questions until the parent closes the pipe."""
    questions, answers = sys.stdin.buffer, _private_stdout()
    threading.Thread(target=_end_with_the_parent, args=(questions.fileno(),), daemon=True).start()
    for line in questions:
        answer(question_from_line(line), answers)


def _private_stdout() -> BinaryIO:
    """The pipe of answers, out of reach of libraries that print."""
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    return answers


def _end_with_the_parent(pipe: int) -> None:
    """End at once when the parent is gone, even in the middle of a long job."""
    watch = select.poll()
    watch.register(pipe, select.POLLHUP | getattr(select, "POLLRDHUP", 0))
    watch.poll()
    os._exit(0)
