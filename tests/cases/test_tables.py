"""Real-life tables: every row is spoken as written, or a message says how to correct it."""

from pathlib import Path

import pytest

import voicemill
from tests.cases.collected import column, copied, finished_rows, needs_cases
from tests.flows.conftest import service
from tests.flows.speech_service import SpeechService

__all__ = ["service"]

pytestmark = needs_cases

_INVISIBLE_LENGTH = 75


@pytest.mark.parametrize(("name", "quoted"), [("a.tsv", 'He shut the "door.'), ("c.tsv", 'Who is there?"')])
def test_lone_quotes_merge_no_rows(name: str, quoted: str, service: SpeechService, tmp_path: Path) -> None:
    """Five lines with lone quotation marks are five rows, and the marks are part of the texts."""
    rows = finished_rows(copied("lone-quotes", tmp_path) / name)
    assert column(rows, "id") == ["c1", "c2", "c3", "c4", "c5"]
    assert column(rows, "transcript")[1] == '"Where are you going?'
    assert column(rows, "transcript")[3] == quoted


@pytest.mark.parametrize("name", ["metadata.csv", "with_header.csv"])
def test_vertical_bars_separate_cells(name: str, service: SpeechService, tmp_path: Path) -> None:
    """A file separated by vertical bars is read with and without a header; commas belong to the texts."""
    rows = finished_rows(copied("pipe-separated", tmp_path) / name)
    assert column(rows, "id")[:2] == ["LJ-01", "LJ-02"]
    assert column(rows, "transcript")[:2] == ["The harbour lay still.", "Room 12, on the left."]


@pytest.mark.parametrize(
    ("name", "texts"),
    [
        ("semi.csv", ["Guten Morgen.", "Der Zug ist weg."]),
        ("sep.csv", ["Guten Morgen, liebe Leute.", "Der Zug ist weg."]),
        ("trailing.csv", ["The first line.", "The second line."]),
    ],
)
def test_files_of_excel_are_read(name: str, texts: list[str], service: SpeechService, tmp_path: Path) -> None:
    """Semicolons, a first line `sep=`, decimal commas, empty columns and short rows are read as Excel writes them."""
    rows = finished_rows(copied("excel", tmp_path) / name, model="sonic-3")
    assert column(rows, "transcript") == texts


def test_a_form_feed_is_white_space(service: SpeechService, tmp_path: Path) -> None:
    """A text with a form feed, as pdftotext writes it, is spoken."""
    (row,) = finished_rows(copied("encodings", tmp_path))
    assert row["transcript"].split() == ["Page", "one", "ends", "here.", "Page", "two", "starts", "here."]


@pytest.mark.parametrize(
    ("name", "messages"),
    [("pretty.jsonl", ["write each object on one line"]), ("trailing.jsonl", ["row 1", "this is not JSON"])],
)
def test_other_json_is_one_problem(name: str, messages: list[str], service: SpeechService, tmp_path: Path) -> None:
    """Pretty-printed JSON and a trailing comma are one problem each, not one for each line."""
    with pytest.raises(voicemill.ManifestError) as refused:
        finished_rows(copied("json", tmp_path) / name)
    assert len(refused.value.problems) == 1
    assert [message for message in messages if message not in str(refused.value)] == []


def test_whole_numbers_stored_as_floats(service: SpeechService, tmp_path: Path) -> None:
    """A chapter number of 1.0 formats as 1 in file names."""
    rows = finished_rows(copied("parquet", tmp_path) / "floatchapter.parquet")
    assert column(rows, "file_name") == ["audio/001-a.wav", "audio/002-b.wav"]


def test_bytes_in_a_cell_are_audio(service: SpeechService, tmp_path: Path) -> None:
    """The bytes of an audio struct are inspected as audio; what cannot be decoded is a problem of its row."""
    with pytest.raises(voicemill.ManifestError) as refused:
        finished_rows(copied("parquet", tmp_path) / "hub.parquet", op="stt")
    assert [(problem.row, problem.column) for problem in refused.value.problems] == [(1, "audio"), (2, "audio")]
    assert "not audio that can be decoded" in refused.value.problems[0].why


def test_markup_of_the_service_is_not_spoken_or_counted(tmp_path: Path) -> None:
    """A row of tags alone is a problem; a break lengthens the audio, and its letters are not counted."""
    manifest = copied("service-tags", tmp_path) / "tags.csv"
    with pytest.raises(voicemill.ManifestError, match="row 4, column transcript: the text has only tags"):
        finished_rows(manifest)
    lines = manifest.read_text(encoding="utf-8").splitlines(keepends=True)
    manifest.write_text("".join(line for line in lines if not line.startswith("only,")), encoding="utf-8")
    rows = {row["id"]: row for row in finished_rows(manifest, timestamps=True)}
    assert rows["short"]["words"] == rows["plain"]["words"]
    assert rows["short"]["characters"] == rows["plain"]["characters"]
    assert rows["short"]["duration_s"] == pytest.approx(rows["plain"]["duration_s"] + 1.5, abs=0.3)


def test_invisible_characters_change_nothing(service: SpeechService, tmp_path: Path) -> None:
    """Soft hyphens, zero-width characters and ligatures are the same text, sent once and billed once."""
    manifest = copied("invisible-letters", tmp_path) / "invisible.csv"
    rows = {row["id"]: row for row in finished_rows(manifest)}
    accented = {rows.pop(name)["transcript"] for name in ("nfd", "nfc")}
    plain = {row["transcript"].replace("\xa0", " ") for row in rows.values()}
    assert sorted(service.requested) == sorted(accented | plain)
    assert (len(accented), len(plain)) == (1, 1)
    assert {row["characters"] for row in rows.values()} == {_INVISIBLE_LENGTH}


def test_markdown_is_read_without_its_marks(service: SpeechService, tmp_path: Path) -> None:
    """With `text="markdown"`, a Markdown text is sent like the same text without marks."""
    rows = {row["id"]: row for row in finished_rows(copied("markdown", tmp_path) / "md.csv", text="markdown")}
    assert rows["md"]["transcript"].split() == rows["plain"]["transcript"].split()
    assert [text for text in service.requested if "**" in text or "[the map]" in text] == []
