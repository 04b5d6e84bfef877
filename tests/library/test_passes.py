"""Later passes of a run: rows with transient failures are retried before the run ends."""

from collections.abc import Callable
from itertools import chain, repeat
from pathlib import Path
from typing import Any

import voicemill
from tests.faults.network_faults import FaultInjector
from tests.flows.results import violations, write_manifest
from tests.flows.speech_service import SpeechService
from tests.hostile_server import Call, Reply
from tests.hostile_speech import error_reply, speech, speech_for

_QUICK = {"attempts": 2, "first_wait_s": 0.001, "longest_wait_s": 0.002, "max_concurrency": 4, "give_up_after_s": 200}
_BROKEN = error_reply(500, "Internal server error", "Out of breath")
_NOT_AUDIO = Reply(200, (), b"<html>Please log in</html>")


def _run(folder: Path, texts: dict[str, str], **pace: Any) -> voicemill.RunResult:
    manifest = write_manifest(folder / "book.csv", [{"id": name, "text": text} for name, text in texts.items()])
    return voicemill.run(manifest, folder / "results", settings=voicemill.load_settings(pace=_QUICK | pace))


def _failing(times: int, reply: Reply = _BROKEN) -> Callable[[Call], Reply]:
    """A service that fails a number of times and then replies with speech."""
    failures = chain(repeat(reply, times), repeat(None))
    return lambda call: next(failures) or speech(call)


def _texts(good: int, bad: int = 0) -> dict[str, str]:
    """Rows by id; the bad ones are spread among the good ones."""
    numbered = [(f"{number:02d}-good", f"good {number:02d}.") for number in range(good)]
    every = good // max(1, bad)
    numbered += [(f"{number * every:02d}-fail", f"fail {number:02d}.") for number in range(bad)]
    return dict(sorted(numbered))


def test_failed_rows_are_done_in_the_second_pass(service: SpeechService, tmp_path: Path) -> None:
    """Rows that used all attempts of the first pass are done in the second one, and counts stay right."""
    service.replies = {"fail 00.": _failing(3, _BROKEN), "fail 01.": _failing(3, _NOT_AUDIO)}
    texts = _texts(good=20, bad=2)
    result = _run(tmp_path, texts)
    assert (result.ok, result.counts["done"], result.counts["failed"]) == (True, 22, 0)
    summary = result.summary
    assert (summary.calls_made, summary.retries, summary.calls_reused, summary.rows_unchanged) == (28, 4, 0, 0)
    assert list(result.items["id"]) == list(texts)
    assert violations(tmp_path / "results") == []
    again = _run(tmp_path, texts).summary
    assert (again.calls_made, again.rows_unchanged, again.rows["done"]) == (0, 22, 22)


def test_row_that_always_fails_costs_its_attempts_in_each_pass(service: SpeechService, tmp_path: Path) -> None:
    """Many rows that always fail end with the message of the service, and do not count as an outage."""
    texts = _texts(good=48, bad=8)
    bad = {text for text in texts.values() if text.startswith("fail")}
    service.replies = dict.fromkeys(bad, _BROKEN)
    result = _run(tmp_path, texts, passes=3)
    assert (result.exit_code, result.counts["failed"]) == (voicemill.ExitCode.SOME_FAILED, 8)
    assert {service.requested.count(text) for text in bad} == {6}
    failures = result.failures
    assert set(failures["attempts"]) == {6}
    assert all("Out of breath" in message for message in failures["error_message"])


def test_one_pass_tries_no_row_again(service: SpeechService, tmp_path: Path) -> None:
    """With `passes = 1`, a row that used its attempts ends as failed."""
    service.replies["fail 00."] = _failing(2)
    result = _run(tmp_path, _texts(good=3, bad=1), passes=1)
    assert (result.counts["done"], result.counts["failed"], len(service.requested)) == (3, 1, 5)


def test_budget_ends_a_later_pass(service: SpeechService, tmp_path: Path) -> None:
    """A row keeps the message of its failure if the budget does not allow another attempt."""
    service.replies["fail 00."] = _BROKEN
    texts = _texts(good=3, bad=1)
    manifest = write_manifest(tmp_path / "book.csv", [{"id": name, "text": text} for name, text in texts.items()])
    settings = voicemill.load_settings(pace=_QUICK, budget={"max_calls": 5})
    result = voicemill.run(manifest, tmp_path / "results", settings=settings)
    assert (result.exit_code, result.counts["failed"]) == (voicemill.ExitCode.BUDGET, 1)
    assert "Out of breath" in result.failures["error_message"].iloc[0]


def test_dependent_row_is_made_once_its_input_is(service: SpeechService, tmp_path: Path) -> None:
    """A row that uses the output of a row done in the second pass is done in the same run."""
    converted = Reply(200, [("Content-Type", "audio/wav")], speech_for("fail 00.", 44100))
    service.replies = {"fail 00.": _failing(2), "": converted}
    rows = [
        {"id": "source", "op": "tts", "text": "fail 00.", "audio": "", "voice": ""},
        {"id": "other", "op": "tts", "text": "good 00.", "audio": "", "voice": ""},
        {"id": "converted", "op": "voice_change", "text": "", "audio": "@source", "voice": "Sarah"},
    ]
    manifest = write_manifest(tmp_path / "book.csv", rows)
    result = voicemill.run(manifest, tmp_path / "results", settings=voicemill.load_settings(pace=_QUICK))
    assert (result.ok, result.counts["done"]) == (True, 3)
    assert list(result.items["id"]) == ["source", "other", "converted"]


def test_faulty_service_is_finished_in_one_command(service: SpeechService, tmp_path: Path) -> None:
    """With every kind of fault in 28 % of the responses, all rows are done in one run with 1.6 calls per row."""
    injector = FaultInjector(seed=13, share=0.28, permanent_share=0.0)
    texts = {f"row-{number:03d}": f"Faulty row {number}." for number in range(150)}
    service.replies["*"] = injector
    result = _run(tmp_path, texts, attempts=6, attempt_deadline_s=3.0, max_concurrency=8)
    assert (result.ok, result.counts["done"]) == (True, 150)
    assert result.summary.calls_made <= 1.6 * 150
    assert violations(tmp_path / "results") == []


def test_stored_answers_of_a_row_count_once_in_all_passes(service: SpeechService, tmp_path: Path) -> None:
    """A row whose first passage fails in the first pass reuses the passages of an earlier run, each counted once."""
    passages = [f"Passage number {number} is a sentence of its kind." for number in range(6)]
    texts = {"long": " ".join(passages)}
    settings = voicemill.load_settings(pace=_QUICK | {"passes": 1}, long_text={"max_characters_per_call": 60})
    manifest = write_manifest(tmp_path / "book.csv", [{"id": "long", "text": texts["long"]}])
    service.replies[passages[0]] = _BROKEN
    first = voicemill.run(manifest, tmp_path / "results", settings=settings).summary
    stored = len({*service.requested}) - 1
    service.replies[passages[0]] = _failing(2)
    again = voicemill.load_settings(pace=_QUICK, long_text={"max_characters_per_call": 60})
    summary = voicemill.run(manifest, tmp_path / "results", settings=again).summary
    assert first.rows["failed"] == 1
    assert (summary.rows["done"], summary.calls_reused) == (1, stored)
