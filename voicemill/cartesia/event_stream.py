"""Parser of server-sent events and newline-delimited JSON, for chunks of any size.

Source: the HTML standard, section 9.2.6 (interpreting an event stream). The standard ignores a line that begins with
`{`, so such a line is treated as an event of a stream of JSON lines. httpx-sse also parses SSE, but only from an
`httpx.Response` of an httpx client.
"""

import re
from dataclasses import dataclass

_LINE_END = re.compile(rb"\r\n|\n|\r")
_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class RawEvent:
    """One event before its JSON is parsed. `is_whole`: its end was received."""

    data: bytes
    name: str = ""
    is_whole: bool = True


class LineBuffer:
    """Splits chunks into lines that end in LF, CRLF or CR."""

    def __init__(self) -> None:
        self._incomplete: list[bytes] = []
        self._after_cr = False

    def feed(self, chunk: bytes) -> list[bytes]:
        """The lines that `chunk` completes, without their ends."""
        if not chunk:
            return []
        rest = chunk.removeprefix(b"\n") if self._after_cr else chunk
        self._after_cr = chunk.endswith(b"\r")
        first, *others = _LINE_END.split(rest)
        self._incomplete.append(first)
        if not others:
            return []
        lines = [b"".join(self._incomplete), *others[:-1]]
        self._incomplete = [others[-1]]
        return lines

    def finish(self) -> bytes:
        """The last line, if it has no end."""
        return b"".join(self._incomplete)


class EventParser:
    """Parses the events of one stream, in order."""

    def __init__(self) -> None:
        self._buffer = LineBuffer()
        self._at_start = True
        self._name = ""
        self._data: list[bytes] = []

    def feed(self, chunk: bytes) -> list[RawEvent]:
        """The events that `chunk` completes."""
        return [event for line in self._buffer.feed(chunk) for event in self._parse_line(line)]

    def finish(self) -> list[RawEvent]:
        """The events that the end of the stream leaves incomplete."""
        return [
            RawEvent(event.data, event.name, is_whole=False)
            for line in (self._buffer.finish(), b"")
            for event in self._parse_line(line)
        ]

    def _parse_line(self, line: bytes) -> list[RawEvent]:
        if self._at_start:
            line, self._at_start = line.removeprefix(_BOM), False
        if line.startswith(b"{"):
            return [RawEvent(line)]
        if line:
            self._add_field(line)
            return []
        event = [RawEvent(b"\n".join(self._data), self._name)] if self._data else []
        self._name, self._data = "", []
        return event

    def _add_field(self, line: bytes) -> None:
        field, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if field == b"data":
            self._data.append(value)
        elif field == b"event":
            self._name = value.decode("utf-8", "replace")
