"""A synthesizer in a process of its own, as the worker sees it."""

import subprocess
from collections.abc import Callable, Sequence
from typing import IO, Any

from voicemill.engine.refusals import Refusal
from voicemill.processes.frames import Frame, read_frame, reader, request_line


class SynthesizerProcess:
    """A child that answers each line of JSON with one frame: started when first asked, and again after it ended.

    `command` is called when the child is needed, and may raise `Refusal` when something is not installed.
    """

    def __init__(self, command: Callable[[], Sequence[str]]) -> None:
        self._command = command
        self._child: subprocess.Popen[bytes] | None = None

    def ask(self, question: dict[str, Any]) -> Frame:
        """The answer. Raises `Refusal` (500) when the synthesizer says that it cannot, or ends."""
        questions, answers = self._pipes()
        try:
            questions.write(request_line(question))
            questions.flush()
            frame = read_frame(reader(answers))
        except (EOFError, BrokenPipeError) as error:
            self._end()
            raise Refusal(500, "Internal server error", "The synthesizer ended unexpectedly. Try again.") from error
        if "error" in frame.header:
            raise Refusal(500, "Internal server error", frame.header["error"])
        return frame

    def _pipes(self) -> tuple[IO[bytes], IO[bytes]]:
        if self._child is None:
            self._child = subprocess.Popen(  # noqa: S603 - our own program; what was asked goes over the pipe
                self._command(), stdin=subprocess.PIPE, stdout=subprocess.PIPE
            )
        assert self._child.stdin is not None
        assert self._child.stdout is not None
        return self._child.stdin, self._child.stdout

    def _end(self) -> None:
        if self._child is not None:
            self._child.kill()
            self._child.communicate()
            self._child = None
