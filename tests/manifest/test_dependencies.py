"""Rows that use the output of other rows, as a manifest names them."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.manifest.read_manifest import read, read_good, written
from tests.manifest.sources.archives import recording
from voicemill.model import levels

_HEADER = "id,op,transcript,audio,text_file,from_s,to_s,voice\n"


def test_outputs_are_named_by_their_rows(tmp_path: Path) -> None:
    """A cell with `@` and an id stands for that row's output, wherever in the manifest the row stands."""
    found = read_good(
        written(tmp_path, _HEADER + "c,voice_change,,@s,,,,Anna\ns,tts,Hello.,,,,,\nh,stt,,@c,,,,\nt,tts,,,@h,,,\n")
    )
    assert {row.id: row.depends_on for row in found.rows} == {"c": ("s",), "s": (), "h": ("c",), "t": ("h",)}
    assert found.check.taken_ids == {"s", "c", "h"}


def test_a_file_may_begin_with_the_mark(tmp_path: Path) -> None:
    """A file whose name begins with the mark is named with its folder."""
    recording(tmp_path / "@a.wav")
    row = read_good(written(tmp_path, "id,op,audio\na,stt,./@a.wav\n")).row
    assert (row.depends_on, row.source.audio and row.source.audio.duration_s) == ((), 0.25)


@pytest.mark.parametrize(
    ("lines", "row", "column", "why"),
    [
        ("a,stt,,@gone,,,,\n", 1, "audio", "no row has the id 'gone'"),
        ("a,stt,,@a,,,,\n", 1, "audio", "is this row itself"),
        ("a,tts,,,@b,,,\nb,tts,Hi,,,,,\n", 1, "text_file", "a row of tts, which makes no text"),
        ("a,stt,,@b,,,,\nb,stt,,x.wav,,,,\n", 1, "audio", "a row of stt, which makes no audio"),
        ("a,voice_change,,@b,,,,Anna\nb,voice_change,,@a,,,,Anna\n", 1, "audio", "in a cycle"),
        ("a,infill,Hi,@b,,2,1,\nb,tts,Hi,,,,,\n", 1, "to_s", "swap the times"),
        ("a,tts,Hi,,@b,,,\nb,stt,,x.wav,,,,\n", 1, "text_file", "both transcript and text_file"),
    ],
)
def test_invalid_references_are_problems(lines: str, row: int, column: str, why: str, tmp_path: Path) -> None:
    """A reference to no row, to the row itself, to a row of the wrong kind or in a cycle is a problem of its cell."""
    recording(tmp_path / "x.wav")
    problems = read(written(tmp_path, _HEADER + lines)).problems
    assert any((found.row, found.column) == (row, column) and why in found.why for found in problems), problems


def test_a_row_with_a_problem_is_not_a_missing_row(tmp_path: Path) -> None:
    """If the named row has a problem, only that problem is reported."""
    problems = read(written(tmp_path, _HEADER + "a,stt,,@b,,,,\nb,tts,...,,,,,\n")).problems
    assert [(found.row, found.column) for found in problems] == [(2, "transcript")]


@given(st.lists(st.tuples(st.integers(0, 12), st.integers(0, 12)), max_size=30))
def test_levels_are_an_order(pairs: list[tuple[int, int]]) -> None:
    """Every row comes after the rows that it uses, as early as possible; rows in or behind cycles have no level."""
    takes: dict[str, set[str]] = {}
    for taker, other in pairs:
        takes.setdefault(str(taker), set()).add(str(other))
    found = levels(takes)
    for row, level in found.items():
        assert level == 1 + max(found.get(other, 0) for other in takes[row])
    for row in takes.keys() - found.keys():
        assert any(other in takes and other not in found for other in takes[row])
