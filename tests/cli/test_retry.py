"""`voicemill retry`: failed rows are retried, refused rows are not, and only the results folder is needed."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from flows.retry import retry
from tests.flows.commands import InThisProcess, ignoring_prefect_sockets
from tests.flows.results import items, read_sheet, short_rows, statuses, violations, write_manifest
from tests.flows.speech_service import SpeechService
from tests.hostile_speech import error_reply
from voicemill.pipeline.selection import Selection

pytestmark = pytest.mark.without_prefect

_MANIFEST = Path("book.csv")
_RESULTS = Path("results/book")
_TEXTS = [row["transcript"] for row in short_rows(6)]


@pytest.fixture
def unfinished(voicemill: InThisProcess, service: SpeechService, fast_retries: Path) -> Path:
    """A folder whose rows 1 and 2 were refused and 3 and 4 failed; the service now works."""
    write_manifest(_MANIFEST, short_rows(6))
    service.replies = {
        _TEXTS[1]: error_reply(400, "No", "Not this"),
        _TEXTS[2]: error_reply(404, "No", "Nobody", "voice_not_found"),
        _TEXTS[3]: error_reply(429, "Wait", "Too much", "concurrency_limited"),
        _TEXTS[4]: error_reply(503, "Down", "Later"),
    }
    assert voicemill("run", _MANIFEST, "--profile", fast_retries).code == 1
    assert [item["error_class"] for item in items(_RESULTS)] == [
        None,
        "refused",
        "refused",
        "throttled",
        "transient",
        None,
    ]
    service.replies.clear()
    service.reset_calls()
    return _RESULTS


def test_retry_needs_only_the_folder(voicemill: InThisProcess, service: SpeechService, unfinished: Path) -> None:
    """Without the manifest, failed rows are retried and refused rows are kept."""
    _MANIFEST.unlink()
    ended = voicemill("retry", unfinished, "--json")
    assert (ended.code, ended.json["rows"]) == (3, {"done": 4, "failed": 0, "refused": 2, "not_started": 0})
    assert sorted(service.requested) == [_TEXTS[3], _TEXTS[4]]
    assert ended.json["rows_unchanged"] == 4
    assert violations(unfinished) == []


def test_rerun_keeps_refused_rows(voicemill: InThisProcess, service: SpeechService, unfinished: Path) -> None:
    """`run` retries a refused row only with `--force` or after an edit."""
    assert voicemill("run", _MANIFEST).code == 3
    assert sorted(service.requested) == [_TEXTS[3], _TEXTS[4]]
    assert [item["error_code"] for item in items(_RESULTS)][1:3] == ["refused", "voice_not_found"]
    service.reset_calls()
    rows = short_rows(6)
    rows[1]["transcript"] = "Another text."
    write_manifest(_MANIFEST, rows)
    assert voicemill("run", _MANIFEST).code == 3
    assert service.requested == ["Another text."]
    service.reset_calls()
    assert voicemill("run", _MANIFEST, "--force").code == 0
    assert service.requested == [_TEXTS[2]]


def test_retry_options_override_the_original_settings(
    voicemill: InThisProcess, service: SpeechService, unfinished: Path
) -> None:
    """A retry accepts the pace and budget options of a run; other settings are those of the original run."""
    spent = 4 + 2 + 20  # Four rows got one call, row 4 two, and row 3 ten 429s for each of its two attempts.
    ended = voicemill("retry", unfinished, "--max-calls", str(spent + 1), "--max-concurrency", "1", "--json")
    assert (ended.code, ended.json["calls_made"]) == (6, 1)
    [requested] = service.requested
    assert requested in _TEXTS[3:5]
    assert voicemill("retry", unfinished, "--max-concurrency", "many").code == 2
    assert voicemill("retry", unfinished).code == 3
    assert sorted(service.requested) == _TEXTS[3:5]


@pytest.mark.parametrize(
    ("arguments", "tried"),
    [
        (["--class", "throttled"], [3]),
        (["--class", "throttled,transient"], [3, 4]),
        (["--class", "concurrency_limited"], [3]),
        (["--class", "failed", "--id", "row-0004,row-0005"], [4]),
        (["--id", "row-0003"], [3]),
        (["--id-file", "ids.txt"], [4]),
        (["--class", "refused"], []),
        (["--class", "voice_not_found", "--force"], [2]),
        (["--force"], [1, 2, 3, 4]),
        (["--class", "not_started"], []),
    ],
)
def test_retry_of_selected_rows(
    voicemill: InThisProcess, service: SpeechService, unfinished: Path, arguments: list[str], tried: list[int]
) -> None:
    """A retry processes the selected rows, and all other rows keep their outcome in the table."""
    Path("ids.txt").write_text("row-0004\n")
    before = items(unfinished)
    voicemill("retry", unfinished, *arguments)
    assert sorted(service.requested) == [_TEXTS[number] for number in tried]
    after = items(unfinished)
    changed = [number for number, (old, new) in enumerate(zip(before, after, strict=True)) if old != new]
    assert changed == tried
    assert {after[number]["status"] for number in tried} <= {"done"}


def test_failures_with_every_column_are_a_manifest(
    voicemill: InThisProcess, service: SpeechService, unfinished: Path
) -> None:
    """`failures.csv` has the class and code of each error, and a run of it makes only its rows."""
    rows = read_sheet(unfinished / "failures.csv")
    assert [row["error_class"] for row in rows] == ["refused", "refused", "throttled", "transient"]
    ended = voicemill("run", unfinished / "failures.csv", "-o", "rest")
    assert (ended.code, "warning" in ended.stderr) == (0, False)
    assert sorted(service.requested) == _TEXTS[1:5]


def test_retry_as_a_flow(prefect_server: str, service: SpeechService, unfinished: Path) -> None:
    """The flow behaves like the command."""

    async def retried() -> bool:
        state: Any = await retry(str(unfinished), Selection(classes=("transient",)), return_state=True)
        return bool(state.is_failed())

    with ignoring_prefect_sockets():
        assert asyncio.run(retried())
    assert service.requested == [_TEXTS[4]]
    assert statuses(unfinished)["row-0004"] == "done"


def test_no_run_to_retry(voicemill: InThisProcess) -> None:
    """The error for a folder without a run says so."""
    Path("empty/.voicemill").mkdir(parents=True)
    assert "empty holds no plan of a run" in voicemill("retry", "empty").stderr
    assert "nowhere is not a results folder" in voicemill("retry", "nowhere").stderr
