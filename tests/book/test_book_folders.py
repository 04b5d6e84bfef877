"""A book folder as a manifest: its cast, its pronunciations, and a run of it."""

from pathlib import Path

import pandas as pd
import pytest

import voicemill
from tests.flows.commands import InThisProcess
from voicemill.errors import ManifestError

_TALE = """---
title: The Lock
author: Ann Author
lang: en
---
# One

The boat came to Kwekweg at noon.[^1]

"Where is she?" said Ben.

[^1]: A small town.
"""


@pytest.fixture
def command(capfd: pytest.CaptureFixture[str]) -> InThisProcess:
    """The command, in this process."""
    return InThisProcess(capfd)


@pytest.fixture
def book(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: InThisProcess) -> Path:
    """An imported book with a speaker, a cast and a pronunciation."""
    monkeypatch.chdir(tmp_path)
    Path("tale.md").write_text(_TALE, encoding="utf-8")
    assert command("book", "import", "tale.md", "-o", "tale").code == 0
    text = Path("tale/texts/001-one.txt")
    text.write_text(text.read_text().replace('"Where is she?"', '{Ben|"Where is she?"}'), encoding="utf-8")
    Path("tale/cast.csv").write_text("speaker,voice,speed,emotion,volume\nnarrator,James,,,\nBen,Sarah,fast,,\n")
    Path("tale/pronunciations.csv").write_text("text,say\nKwekweg,quick wegg\n")
    return Path("tale")


def test_a_book_folder_runs_with_its_cast_and_pronunciations(book: Path) -> None:
    """Speakers have their voices; pronunciations are sent and appear in no table or subtitle."""
    result = voicemill.run(book, results="results", output_format="srt", check="signals")
    assert result.counts["done"] == 3
    passages = pd.read_parquet("results/passages.parquet")
    chapter = passages[passages["id"] == "chapter-01"]
    assert list(chapter["text"])[1] == "The boat came to Kwekweg at noon."
    assert list(chapter["spoken"])[1] == "The boat came to quick wegg at noon."
    assert [*chapter["speaker"]] == ["", "", "Ben", ""]
    words = pd.read_parquet("results/words.parquet")
    spoken = list(words[words["id"] == "chapter-01"]["word"])
    assert " ".join(spoken) == "One The boat came to Kwekweg at noon Where is she said Ben"
    subtitles = Path("results/text/001-one.srt").read_text(encoding="utf-8")
    assert '"Where is she?" said Ben.' in subtitles
    assert "quick" not in subtitles


def test_a_speaker_without_a_line_in_the_cast_is_a_problem(book: Path) -> None:
    """The check names the row and the speaker."""
    Path("tale/cast.csv").write_text("speaker,voice\nnarrator,James\n")
    checked = voicemill.validate(book)
    assert [(problem.row, "'Ben'" in problem.why) for problem in checked.problems] == [(2, True)]


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("cast.csv", "speaker,voice\nBen,James\nben,Sarah\n", "has a line already"),
        ("cast.csv", "speaker,volume\nBen,9\n", "is not a volume"),
        ("cast.csv", "name,voice\nBen,James\n", "no column 'speaker'"),
        ("pronunciations.csv", "text,say,whole_word\na,b,perhaps\n", "is not yes or no"),
        ("pronunciations.csv", b"text,say\n\xff,b\n", "not UTF-8"),
    ],
)
def test_problems_of_the_lists_are_reported(book: Path, name: str, content: str | bytes, why: str) -> None:
    """A cast or a list of pronunciations with a problem stops the check with the file and the line."""
    (book / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(ManifestError, match=why):
        voicemill.validate(book)


def test_pronunciations_apply_to_any_manifest(book: Path) -> None:
    """The option takes a file for a manifest that is not a book, and changes only rows with its words."""
    Path("rows.csv").write_text("id,transcript\na,To Kwekweg.\nb,To sea.\n")
    plain = voicemill.plan("rows.csv")
    changed = voicemill.plan("rows.csv", pronunciations=str(book / "pronunciations.csv"))
    assert changed.characters == plain.characters + len("quick wegg") - len("Kwekweg")


def test_words_that_may_differ_are_read_from_the_folder(book: Path) -> None:
    """The list of the folder applies to rows whose text has its words, in addition to the cell of the row."""
    (book / "allowed-words.txt").write_text("# invented\nKwekweg\nnoon hour\n", encoding="utf-8")
    voicemill.run(book, results="results", check="guided")
    items = pd.read_parquet("results/items.parquet").set_index("id")["allowed_words"]
    assert list(items["chapter-01"]) == ["kwekweg", "noon"]
    assert list(items["opening-credits"]) == []
    rows = [{"id": "a", "transcript": "Ia Fhtagn's, he said.", "allowed_words": "Ia, Fhtagn"}]
    checked = voicemill.run(pd.DataFrame(rows), results="cells", check="guided").items
    assert [*checked["allowed_words"][0]] == ["fhtagn's", "ia"]


def test_importing_again_keeps_edits(book: Path, command: InThisProcess) -> None:
    """A second import into the folder is refused; with --force it replaces the files of the first."""
    edited = (book / "texts/001-one.txt").read_text(encoding="utf-8")
    assert command("book", "import", "tale.md", "-o", "tale").code == 2
    assert (book / "texts/001-one.txt").read_text(encoding="utf-8") == edited
    assert command("book", "import", "tale.md", "-o", "tale", "--force").code == 0
    assert "{Ben" not in (book / "texts/001-one.txt").read_text(encoding="utf-8")
