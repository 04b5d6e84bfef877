"""The page on manifests: its examples are valid and its messages are those of the product."""

import re
from pathlib import Path

import pytest

from tests.manifest.read_manifest import read_good, refused, written

PAGE = (Path(__file__).parent.parent.parent / "docs" / "manifest.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"^```(csv|jsonl)\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)


@pytest.mark.parametrize(("kind", "content"), EXAMPLES)
def test_the_examples_are_good_manifests(kind: str, content: str, tmp_path: Path) -> None:
    """The examples of the page are valid and cause no warning."""
    found = read_good(written(tmp_path, content, f"m.{kind}"))
    assert len(found.rows) == len(content.splitlines()) - (kind == "csv") > 1
    assert found.check.warnings == []


def test_the_named_files_are_those_that_are_made(tmp_path: Path) -> None:
    """The page's file names are those of its first and last example."""
    first = read_good(written(tmp_path, EXAMPLES[0][1])).rows
    assert [row.file_name for row in first] == ["audio/chapter-01.wav", "audio/chapter-02.wav"]
    last = read_good(written(tmp_path, EXAMPLES[-1][1])).rows
    assert [row.file_name for row in last] == ["audio/The Lamp/001 lamp-1.wav", "audio/The Lamp/002 lamp-2.wav"]


def test_the_messages_are_those_of_the_product(tmp_path: Path) -> None:
    """A manifest with four of the listed mistakes gives the listed messages."""
    cells = "1,Hi,Ana,,\n2,Hi,,44.1k,\n3,Hi,,,1.2\n1,Ho,,,\n"
    error = refused(written(tmp_path, "id,text,voice,sample_rate,speed\n" + cells))
    listed = [
        text.partition(": ")[2].rstrip("… ") for text in re.findall(r"^\| `((?:row|file)[^`]*)`", PAGE, re.MULTILINE)
    ]
    assert len(error.problems) == 4
    for problem in error.problems[:3]:
        assert any(problem.why.startswith(text) for text in listed), problem.why
    assert error.problems[3].why.startswith("row 1 has the id '1' too")
