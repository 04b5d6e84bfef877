"""The client of a synthesizer process."""

import subprocess
from collections.abc import Callable, Sequence
from typing import IO, Any

from voicemill.engine.refusals import Refusal
from voicemill.processes.frames import Frame, read_frame, reader, request_line


class SynthesizerProcess:
    """A child process that answers each line of JSON with one frame. It is started on first use and after a crash.

    `command` returns the command line, and may raise `Refusal` if something is not installed.
    """

    def __init__(self, command: Callable[[], Sequence[str]]) -> None:
        self._command = command
        self._child: subprocess.Popen[bytes] | None = None

    def run(self, request: dict[str, Any]) -> Frame:
        """The response. Raises `Refusal` (500) if the synthesizer reports an error or crashes."""
        requests, responses = self._pipes()
        try:
            requests.write(request_line(request))
            requests.flush()
            frame = read_frame(reader(responses))
        except (EOFError, BrokenPipeError) as error:
            self._end()
            raise Refusal(500, "Internal server error", "The synthesizer ended unexpectedly. Try again.") from error
        if "error" in frame.header:
            raise Refusal(500, "Internal server error", frame.header["error"])
        return frame

    def _pipes(self) -> tuple[IO[bytes], IO[bytes]]:
        if self._child is None:
            self._child = subprocess.Popen(  # noqa: S603 - a program of this package; the request goes through the pipe
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
