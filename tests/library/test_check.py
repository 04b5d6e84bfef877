"""`voicemill.check`: verdicts on what a results folder holds, from stored answers."""

from pathlib import Path

import pytest

import voicemill
from tests.flows.commands import InThisProcess
from tests.flows.results import write_manifest
from tests.flows.speech_service import SpeechService
from tests.hostile_server import Reply
from tests.hostile_speech import wav
from tests.quality.sounds import speech_like
from voicemill.pipeline.local_recognizer import LocalRecognizer

_RATE_HZ = 16_000
_GOOD = (speech_like(2.0, _RATE_HZ) * 32767).astype("<i2").tobytes()
_BAD = _GOOD + bytes(3 * 2 * _RATE_HZ) + _GOOD
_HEADERS = (("Content-Type", "audio/wav"), ("X-Request-Id", "r"))
_ROWS = [{"id": "good", "text": "A row of good audio."}, {"id": "bad", "text": "A row with a gap of three seconds."}]


@pytest.fixture
def results(service: SpeechService, tmp_path: Path) -> Path:
    """A finished run without checks: one row is good, one has a gap."""
    for row, samples in zip(_ROWS, (_GOOD, _BAD), strict=True):
        service.replies[row["text"]] = Reply(200, _HEADERS, wav(samples, _RATE_HZ))
    manifest = write_manifest(tmp_path / "rows.csv", _ROWS)
    voicemill.run(manifest, tmp_path / "results", check="off", sample_rate=_RATE_HZ)
    service.reset_calls()
    return tmp_path / "results"


def test_stored_audio_is_checked_without_a_call(results: Path, service: SpeechService) -> None:
    """Every passage gets a verdict; no request is sent and no published table changes."""
    before = (results / "items.parquet").read_bytes()
    found = voicemill.check(results, check="signals")
    assert [(passage.id, passage.number, passage.verdict.state) for passage in found] == [
        ("good", 1, "ok"),
        ("bad", 1, "bad"),
    ]
    assert service.requested == []
    assert (results / "items.parquet").read_bytes() == before
    assert voicemill.verify(results) == []


def test_a_missing_answer_is_inconclusive(results: Path) -> None:
    """Audio whose answer was removed from the store cannot be checked."""
    for answer in (results / "answers").rglob("*.answer"):
        answer.unlink()
    assert [passage.verdict.state for passage in voicemill.check(results, check="signals")] == ["inconclusive"] * 2


def test_the_command_lists_bad_passages(results: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """The table names the passage and the reason, and the exit code is that of failed rows."""
    ended = InThisProcess(capfd)("check", results, "--check", "signals")
    assert ended.code == 1
    assert "bad/1" in ended.stdout
    assert "long_silence" in ended.stdout
    assert "2 passages checked: 1 ok, 1 bad." in ended.stdout


def test_the_recognizer_of_this_machine_transcribes(
    results: Path, service: SpeechService, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`transcribed` makes no call, transcribes only what the signals find good, and stores its verdict."""
    monkeypatch.setenv("VOICEMILL_RECOGNIZER", "pocketsphinx")
    found = voicemill.check(results, check="transcribed")
    reasons = {passage.id: [finding.reason for finding in passage.verdict.findings] for passage in found}
    assert (reasons, service.requested) == ({"good": ["other_words"], "bad": ["long_silence"]}, [])
    assert len((results / ".voicemill" / "verdicts.jsonl").read_text().splitlines()) == 1
    monkeypatch.setattr(LocalRecognizer, "transcribe", None)
    assert voicemill.check(results, check="transcribed") == found
