"""Event streams and JSON lines, in chunks of any size and with every kind of line end."""

import json
from collections.abc import Iterable
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicemill.cartesia.event_stream import EventParser, LineBuffer, RawEvent

TEXT = st.text(st.characters(exclude_characters="\r\n", exclude_categories=["Cs"]), max_size=40)
END = st.sampled_from([b"\n", b"\r\n", b"\r"])
START = st.sampled_from([b"", b"\xef\xbb\xbf"])
CUTS = st.lists(st.integers(0, 400), max_size=30)


def cut(stream: bytes, places: Iterable[int]) -> list[bytes]:
    """A stream in chunks, some of which are empty."""
    edges = [0, *sorted(min(place, len(stream)) for place in places), len(stream)]
    return [stream[start:stop] for start, stop in pairwise(edges)]


def events(pieces: Iterable[bytes]) -> list[RawEvent]:
    """All events of a complete stream."""
    lines = EventParser()
    return [sent for piece in pieces for sent in lines.feed(piece)] + lines.finish()


@given(st.lists(TEXT), END, CUTS)
def test_lines_do_not_depend_on_chunks(texts: list[str], end: bytes, places: list[int]) -> None:
    """Chunks of any size give the same lines, and the end of the stream adds none."""
    lines = LineBuffer()
    found = [
        line for piece in cut(b"".join(text.encode() + end for text in texts), places) for line in lines.feed(piece)
    ]
    assert found == [text.encode() for text in texts]
    assert lines.finish() == b""


@given(st.binary(max_size=300), CUTS)
def test_events_do_not_depend_on_chunks(stream: bytes, places: list[int]) -> None:
    """Any bytes give the same events, however they are divided into chunks."""
    assert events(cut(stream, places)) == events([stream])


@given(st.lists(st.tuples(TEXT, st.lists(TEXT, min_size=1, max_size=4))), END, CUTS, START)
def test_events_are_parsed(written: list[tuple[str, list[str]]], end: bytes, places: list[int], stream: bytes) -> None:
    """Names and data of several lines are parsed; comments, other fields and a byte order mark are ignored."""
    for name, data in written:
        lines = [": comment", "id: 7", "retry: 10", f"event: {name}", *(f"data: {line}" for line in data), "other", ""]
        stream += b"".join(line.encode() + end for line in lines)
    assert events(cut(stream, places)) == [RawEvent("\n".join(data).encode(), name) for name, data in written]


@given(st.lists(st.dictionaries(TEXT, TEXT)), END, CUTS)
def test_json_lines_are_events(contents: list[dict[str, str]], end: bytes, places: list[int]) -> None:
    """A line that is a JSON object is an event."""
    stream = b"".join(json.dumps(content).encode() + end for content in contents)
    assert [json.loads(sent.data) for sent in events(cut(stream, places))] == contents


@pytest.mark.parametrize("stream", [b"data: x", b"data: x\n", b"data: x\r", b"data:x\r\n"])
def test_last_event_without_blank_line_is_incomplete(stream: bytes) -> None:
    """It is returned and marked as incomplete."""
    assert events([stream]) == [RawEvent(b"x", is_whole=False)]


@pytest.mark.parametrize(
    ("line", "data"),
    [
        (b"data:x", b"x"),
        (b"data: x", b"x"),
        (b"data:  x", b" x"),
        (b"data", b""),
        (b"data:", b""),
        (b"data:a:b", b"a:b"),
    ],
)
def test_one_space_after_the_colon_is_removed(line: bytes, data: bytes) -> None:
    """The standard removes one space after the colon."""
    assert events([line + b"\n\n"]) == [RawEvent(data)]


def test_events_without_data_are_ignored() -> None:
    """Blank lines, comments and names without data give no events, and a name does not apply to the next event."""
    assert events([b"\n\n: ping\n\nevent: a\n\ndata: x\n\n"]) == [RawEvent(b"x")]


def test_long_line_is_parsed_in_linear_time() -> None:
    """The work for a line is proportional to its length: 16 MiB in chunks of 1 KiB are one event."""
    lines = EventParser()
    assert lines.feed(b"data: ") == []
    assert all(lines.feed(b"x" * 1024) == [] for _ in range(16 * 1024))
    assert [len(sent.data) for sent in lines.feed(b"\n\n")] == [16 << 20]
