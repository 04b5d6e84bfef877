"""Whatever bytes a manifest holds, reading it ends in rows or in a `ManifestError`, and in nothing else."""

import io
import json
import string
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.faults.figures import Report, size
from tests.manifest.read_manifest import VOICES
from voicemill.config import Settings
from voicemill.errors import ManifestError
from voicemill.manifest import ManifestCheck
from voicemill.manifest.columns import OURS
from voicemill.manifest.file_names import path_problem

many = settings(
    max_examples=size(nightly=1250, usual=125),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)

CSV = (
    b"id,transcript,voice,model,language,container,sample_rate,speed,out,title\n"
    b'1,"Hello, ""you""\nthere",Anna,sonic-3,en,wav,44100,1.1,a/{row:03d},One\n'
    b"2,Hall\xc3\xb6chen,Berta,,de,mp3,,slow,{title},Zwei\n"
)
JSONL = (
    b'{"id": 1, "text": "Hello", "voice": "Anna", "speed": "slow", "tags": ["a", {"b": null}], "x": 1.5}\n'
    b'{"id": "2", "text": "Hall\\u00f6chen", "emotion": ["anger:high"], "container": "mp3", "bit_rate": 64000}\n'
)


def parquet() -> bytes:
    """A small Parquet file with several types."""
    columns: dict[str, list[Any]]
    columns = {"id": [1, 2, 3], "text": ["Hello", "Hallöchen", None], "n": [1.5, None, 2.0], "tags": [["a"], [], None]}
    buffer = io.BytesIO()
    pq.write_table(pa.table(columns), buffer, compression="none", row_group_size=2)
    return buffer.getvalue()


cells = st.one_of(
    st.sampled_from(
        ["", "Anna", "sonic-3", "44.1k", "mp3", "1,5", "../x", "{id}", "{row:03d}", "{}", "NaN", "\x00", "é\x85"]
    ),
    st.text(st.characters(codec="utf-8"), max_size=20),
)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(codec=None), max_size=20) | cells,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
names = st.sampled_from([*OURS, "text", "title", "Voise", "", " "])


@st.composite
def mutated(draw: st.DrawFn, original: bytes) -> bytes:
    """`original` with some bytes changed, cut out or put in."""
    content = bytearray(original)
    for _ in range(draw(st.integers(1, 6))):
        place = draw(st.integers(0, max(0, len(content) - 1)))
        kind = draw(st.sampled_from(["change", "cut", "insert", "repeat", "end"]))
        if kind == "change":
            content[place : place + 1] = draw(st.binary(min_size=1, max_size=1))
        elif kind == "cut":
            del content[place : place + draw(st.integers(1, 20))]
        elif kind == "insert":
            content[place:place] = draw(
                st.binary(max_size=8) | st.sampled_from([b'"', b",", b"\n", b"\0", b"\xff", b"{"])
            )
        elif kind == "repeat":
            content[place:place] = content[place : place + 40]
        else:
            del content[place:]
    return bytes(content)


read: Counter[bool] = Counter()
"""How many manifests were read, by whether they began as Parquet does."""


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """Where the manifests are; nothing else may appear there."""
    yield tmp_path
    assert {path.name for path in tmp_path.iterdir()} <= {"m"}


def read_hostile(folder: Path, content: bytes) -> None:
    """Rows or a `ManifestError`; then every row can be relied on, and every message printed."""
    read[content[:4] == b"PAR1"] += 1
    (folder / "m").write_bytes(content)
    check = ManifestCheck(folder / "m", Settings(), VOICES)
    error = error_of(check)
    if error is not None:
        assert error.count >= len(error.problems) > 0
        assert str(error).replace("\n", "").isprintable()
        assert all(problem.why.strip() for problem in error.problems)
    for warning in check.warnings:
        assert str(warning).isprintable()


def error_of(check: ManifestCheck) -> ManifestError | None:
    """Go over all rows, which have to be sound; what is raised in the end."""
    try:
        for row in check:
            assert row.id
            assert row.file_name.startswith("audio/")
            assert path_problem(row.file_name.removeprefix("audio/")) is None
            json.dumps([row.id, row.speech.text, dict(row.carried)], default=str, ensure_ascii=False).encode()
        check.raise_if_bad()
    except ManifestError as error:
        return error
    return None


@many
@given(st.binary(max_size=300))
def test_any_bytes(folder: Path, content: bytes) -> None:
    """Noise is refused."""
    read_hostile(folder, content)


@many
@given(mutated(CSV))
def test_a_mutated_csv(folder: Path, content: bytes) -> None:
    """Bytes lost, changed and put in."""
    read_hostile(folder, content)


@many
@given(mutated(JSONL))
def test_a_mutated_jsonl(folder: Path, content: bytes) -> None:
    """Bytes lost, changed and put in."""
    read_hostile(folder, content)


@many
@given(mutated(parquet()))
def test_a_mutated_parquet(folder: Path, content: bytes) -> None:
    """Bytes lost, changed and put in, also in the footer."""
    read_hostile(folder, content)


@many
@given(st.lists(names, min_size=1, max_size=6), st.lists(st.lists(cells, max_size=6), max_size=5))
def test_any_cells_in_csv(folder: Path, header: list[str], rows: list[list[str]]) -> None:
    """Any names over any cells, as many as there happen to be."""
    lines = [",".join('"' + cell.replace('"', '""') + '"' for cell in row) for row in [header, *rows]]
    read_hostile(folder, "\n".join(lines).encode())


@many
@given(st.lists(st.dictionaries(names, values, max_size=6), max_size=4))
def test_any_values_in_jsonl(folder: Path, records: list[dict[str, Any]]) -> None:
    """Any types under our names, lone surrogates and numbers out of range among them."""
    read_hostile(folder, "".join(json.dumps(record) + "\n" for record in records).encode())


@many
@given(
    st.dictionaries(
        names, st.lists(st.none() | st.floats() | st.binary(max_size=8), min_size=2, max_size=2), max_size=5
    )
)
def test_any_values_in_parquet(folder: Path, columns: dict[str, list[Any]]) -> None:
    """Any types under our names."""
    arrays = {}
    for name, column in columns.items():
        kinds = {type(value) for value in column if value is not None}
        arrays[name] = pa.array(column if len(kinds) < 2 else [str(value) for value in column])
    buffer = io.BytesIO()
    pq.write_table(pa.table(arrays), buffer)
    read_hostile(folder, buffer.getvalue())


@many
@given(st.text(string.printable + "{}é\u202e\0", max_size=30), st.text(string.printable + "/\\.", max_size=10))
def test_any_template(folder: Path, out: str, title: str) -> None:
    """Whatever `out` contains, the file is in the audio folder."""
    read_hostile(folder, json.dumps({"id": "A", "text": "Hi", "out": "{title}" + out, "title": title}).encode())


def test_enough_were_read(report: Report) -> None:
    """What the tests above have read ended in rows or in a `ManifestError`; how many there were is a figure."""
    report("hostile_manifests", {"files": read.total(), "of_which_parquet": read[True], "uncaught_exceptions": 0})
