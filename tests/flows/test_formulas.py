"""CSV cells that a spreadsheet would calculate, and what a terminal would obey."""

import csv
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.flows.commands import InThisProcess
from tests.flows.results import items, read_sheet, write_manifest
from tests.flows.speech_service import SpeechService
from tests.hostile_speech import error_reply
from voicemill.model.csv_injection import guarded, unguarded

_STARTS = "=+-@\t\r\n\0＝＋－＠"
_PAYLOADS = [
    *(start + rest for start in _STARTS for rest in ("1+1", "cmd|' /C calc'!A0", 'HYPERLINK("http://x")')),
    "=",
    "'=1",
    "''@SUM(A1)",
]


@pytest.mark.parametrize("payload", _PAYLOADS)
def test_no_payload_begins_a_cell(payload: str) -> None:
    """No cell begins with what starts a formula, and taking the mark off gives the text back."""
    assert guarded(payload).startswith("'")
    assert unguarded(guarded(payload)) == payload


@given(st.text(alphabet=st.one_of(st.sampled_from(_STARTS + "'"), st.characters())))
def test_every_text_comes_back(text: str) -> None:
    """Marks come off exactly as they were put on, whatever the text."""
    assert unguarded(guarded(text)) == text
    assert guarded(text)[:1] not in tuple(_STARTS)


@pytest.mark.parametrize("cell", [None, -1, -0.5, True, "", "plain", "it's", "'quoted'", "a=b"])
def test_the_rest_is_left_alone(cell: object) -> None:
    """Numbers, and text that no spreadsheet calculates, are written as they are."""
    assert guarded(cell) == cell


def test_failures_are_still_a_manifest(voicemill: InThisProcess, service: SpeechService) -> None:
    """Rows like formulas are marked in both CSV files, exact in the table, and asked for exactly when fed back."""
    texts = ["-Who is there?", "'=It is me.", "+ and so on", "Plain."]
    rows = [{"id": f"={n}", "transcript": text, "=note": "@" + text} for n, text in enumerate(texts)]
    write_manifest(Path("book.csv"), rows)
    service.replies = {text: error_reply(400, "No", "Not this") for text in texts[:3]}
    assert voicemill("run", "book.csv", "-o", "out").code == 3
    assert [item["transcript"] for item in items(Path("out"))] == texts
    [done] = read_sheet(Path("out/metadata.csv"))
    assert (done["id"], done["'=note"]) == ("'=3", "'@Plain.")
    with Path("out/failures.csv").open(newline="") as file:
        cells = [cell for line in csv.reader(file) for cell in line]
    assert [cell for cell in cells if cell.startswith(tuple(_STARTS))] == []
    service.replies.clear()
    service.reset_calls()
    assert voicemill("run", "out/failures.csv", "-o", "rest").code == 0
    assert sorted(service.requested) == sorted(texts[:3])
    assert [(item["id"], item["=note"]) for item in items(Path("rest"))] == [
        (row["id"], row["=note"]) for row in rows[:3]
    ]


def test_nothing_for_a_terminal_to_obey(voicemill: InThisProcess, service: SpeechService) -> None:
    """No escape of an id, a text or a service's message reaches the terminal from any verb."""
    write_manifest(
        Path("bad.csv"), [{"id": "a\x1b[2J", "transcript": "One.\x1b]0;x\x07"}, {"id": "", "transcript": ""}]
    )
    write_manifest(Path("book.csv"), [{"id": "a", "transcript": "One."}, {"id": "b", "transcript": "Two."}])
    service.replies["One."] = error_reply(400, "No\x1b[31m", "Not\x1b[2J this\x07")
    heard = [voicemill("run", "bad.csv"), voicemill("validate", "bad.csv"), voicemill("run", "book.csv", "-o", "out")]
    (Path("out/audio") / "c\x1b[2J.wav").touch()
    heard += [voicemill(verb, "out") for verb in ("verify", "status", "retry")]
    heard.append(voicemill("status", "no\x1b[2Jwhere"))
    for ended in heard:
        assert "\x1b" not in ended.stdout + ended.stderr
        assert "\x07" not in ended.stdout + ended.stderr
