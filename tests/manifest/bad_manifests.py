"""Bad manifests for the tables of these tests, and how to check them."""

import io
import json
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.manifest.read_manifest import refused, written
from voicemill.errors import ManifestError

Made = str | bytes | Callable[[Path], Path]


class Bad(NamedTuple):
    """A manifest, the place of its first problem, and a pattern for the message."""

    kind: str
    made: Made
    row: int
    column: str
    says: str
    name: str = "manifest.csv"


def each(bad: Iterable[Bad]) -> pytest.MarkDecorator:
    """Parametrize a test with these manifests, by name."""
    return pytest.mark.parametrize("bad", [pytest.param(one, id=one.kind.replace(" ", "-")) for one in bad])


def assert_refused(bad: Bad, folder: Path) -> None:
    """Assert that the first problem has the right row and column, and a remedy."""
    path = bad.made(folder) if callable(bad.made) else written(folder, bad.made, bad.name)
    error = refused(path)
    first = error.problems[0]
    assert (first.row, first.column) == (bad.row, bad.column), str(error)
    assert re.search(bad.says, first.why, re.DOTALL), first.why
    assert len(first.why) < 1000
    assert_presentable(error)


def assert_presentable(error: ManifestError) -> None:
    """Assert that any terminal can show the text, and that its count is that of its lines."""
    lines = str(error).splitlines()
    assert all(line.isprintable() for line in lines)
    assert error.count == len(error.problems) == len(lines) - 1


def parquet(**columns: Any) -> bytes:
    """The bytes of a Parquet file."""
    buffer = io.BytesIO()
    pq.write_table(pa.table(columns), buffer)
    return buffer.getvalue()


def one_row(**cells: object) -> str:
    """A JSONL manifest of one row that is valid except for `cells`."""
    return json.dumps({"id": "a", "transcript": "Hello", **cells}) + "\n"
