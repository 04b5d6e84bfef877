"""Server-sent events and newline-delimited JSON, from bytes that come in pieces of any size.

Source: the HTML standard, section 9.2.6 (interpreting an event stream). A line that begins with `{` could only be a
field that the standard ignores, so it is taken for an event of a stream of JSON lines. httpx-sse reads SSE too, but
only from an `httpx.Response` that its own client opened.
"""

import re
from dataclasses import dataclass

_LINE_END = re.compile(rb"\r\n|\n|\r")
_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class Sent:
    """One event as it was sent. `whole`: its end was seen, so that it can be held to its shape."""

    data: bytes
    name: str = ""
    whole: bool = True


class Lines:
    """Whole lines out of pieces; ends are LF, CRLF or CR."""

    def __init__(self) -> None:
        self._begun: list[bytes] = []
        self._after_cr = False

    def feed(self, piece: bytes) -> list[bytes]:
        """The lines that `piece` completes, without their ends."""
        if not piece:
            return []
        rest = piece.removeprefix(b"\n") if self._after_cr else piece
        self._after_cr = piece.endswith(b"\r")
        first, *others = _LINE_END.split(rest)
        self._begun.append(first)
        if not others:
            return []
        lines = [b"".join(self._begun), *others[:-1]]
        self._begun = [others[-1]]
        return lines

    def finish(self) -> bytes:
        """The line that was begun and not ended."""
        return b"".join(self._begun)


class EventLines:
    """The events of one stream, in order."""

    def __init__(self) -> None:
        self._lines = Lines()
        self._at_start = True
        self._name = ""
        self._data: list[bytes] = []

    def feed(self, piece: bytes) -> list[Sent]:
        """The events that `piece` completes."""
        return [sent for line in self._lines.feed(piece) for sent in self._take(line)]

    def finish(self) -> list[Sent]:
        """What is left at the end: an event without its blank line, or cut in the middle, which `whole` tells."""
        return [
            Sent(sent.data, sent.name, whole=False) for line in (self._lines.finish(), b"") for sent in self._take(line)
        ]

    def _take(self, line: bytes) -> list[Sent]:
        if self._at_start:
            line, self._at_start = line.removeprefix(_BOM), False
        if line.startswith(b"{"):
            return [Sent(line)]
        if line:
            self._note(line)
            return []
        sent = [Sent(b"\n".join(self._data), self._name)] if self._data else []
        self._name, self._data = "", []
        return sent

    def _note(self, line: bytes) -> None:
        field, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if field == b"data":
            self._data.append(value)
        elif field == b"event":
            self._name = value.decode("utf-8", "replace")
