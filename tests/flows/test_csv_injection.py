"""CSV cells that a spreadsheet would evaluate, and terminal escape sequences."""

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

pytestmark = pytest.mark.without_prefect

_STARTS = "=+-@\t\r\n\0＝＋－＠"
_PAYLOADS = [
    *(start + rest for start in _STARTS for rest in ("1+1", "cmd|' /C calc'!A0", 'HYPERLINK("http://x")')),
    "=",
    "'=1",
    "''@SUM(A1)",
]


@pytest.mark.parametrize("payload", _PAYLOADS)
def test_payload_is_quoted(payload: str) -> None:
    """A cell that would start a formula gets a leading quote, and removing it restores the text."""
    assert guarded(payload).startswith("'")
    assert unguarded(guarded(payload)) == payload


@given(st.text(alphabet=st.one_of(st.sampled_from(_STARTS + "'"), st.characters())))
def test_any_text_is_restored(text: str) -> None:
    """Quoting any text and removing the quote restores it exactly."""
    assert unguarded(guarded(text)) == text
    assert guarded(text)[:1] not in tuple(_STARTS)


@pytest.mark.parametrize("cell", [None, -1, -0.5, True, "", "plain", "it's", "'quoted'", "a=b"])
def test_harmless_cells_are_not_changed(cell: object) -> None:
    """Numbers and text that no spreadsheet evaluates are written unchanged."""
    assert guarded(cell) == cell


def test_quoted_failures_are_a_valid_manifest(voicemill: InThisProcess, service: SpeechService) -> None:
    """Formula-like rows are quoted in both CSV files, exact in the table, and restored when `failures.csv` is run."""
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


def test_no_escape_sequence_reaches_the_terminal(voicemill: InThisProcess, service: SpeechService) -> None:
    """No command prints an escape sequence from an id, a text or a service's message."""
    write_manifest(
        Path("bad.csv"), [{"id": "a\x1b[2J", "transcript": "One.\x1b]0;x\x07"}, {"id": "", "transcript": ""}]
    )
    write_manifest(Path("book.csv"), [{"id": "a", "transcript": "One."}, {"id": "b", "transcript": "Two."}])
    service.replies["One."] = error_reply(400, "No\x1b[31m", "Not\x1b[2J this\x07")
    results = [voicemill("run", "bad.csv"), voicemill("validate", "bad.csv"), voicemill("run", "book.csv", "-o", "out")]
    (Path("out/audio") / "c\x1b[2J.wav").touch()
    results += [voicemill(verb, "out") for verb in ("verify", "status", "retry")]
    results.append(voicemill("status", "mis\x1b[2Jsing"))
    for result in results:
        assert "\x1b" not in result.stdout + result.stderr
        assert "\x07" not in result.stdout + result.stderr
