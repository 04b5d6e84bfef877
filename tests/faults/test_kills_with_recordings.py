"""Voice change and infill resume after SIGKILL and repeat only the call that was in flight."""

import signal
import time
from pathlib import Path

import pytest

from tests.audio.recordings import RATE_HZ, bursts, write
from tests.faults.process_runs import ForkedRuns, Run
from tests.flows.results import statuses, violations, write_manifest
from tests.flows.speech_service import SpeechService
from tests.hostile_server import Call, Reply
from tests.hostile_speech import wav
from voicemill.audio.wav_header import probe_wav

_FRAMES_HZ = 8000
_PROFILE = """
[defaults]
sample_rate = 8000
[long_audio]
voice_change_call_s = 10
[pace]
max_concurrency = 1
"""


def _echo(call: Call) -> Reply:
    """Return the uploaded audio for voice change, and half a second of audio for infill."""
    if call.path == "/infill/bytes":
        return Reply(200, (), wav(b"\x00\x10\x00\xf0" * (RATE_HZ // 4), RATE_HZ), delay_s=0.05)
    body = call.body[call.body.index(b"RIFF") :]
    end = 44 + int.from_bytes(body[40:44], "little")
    return Reply(200, (), wav(body[44:end], _FRAMES_HZ), delay_s=0.05)


def _manifest(folder: Path, op: str) -> tuple[Path, int]:
    """Write a manifest of one operation; returns its path and the number of calls it needs."""
    if op == "voice_change":
        for name in ("one", "two"):
            write(folder / f"{name}.wav", bursts(38, [(9.0, 9.4), (19.0, 19.4), (28.5, 28.9)]))
        rows = [{"id": name, "op": op, "audio": f"{name}.wav", "voice": "Sarah"} for name in ("one", "two")]
        return write_manifest(folder / "rows.csv", rows), 4  # both files have the same audio
    write(folder / "one.wav", bursts(6, []))
    gaps = {"op": op, "audio": "one.wav", "from_s": "2", "to_s": "3"}
    rows = [{"id": str(number), "transcript": f"Sentence {number}.", **gaps} for number in range(6)]
    return write_manifest(folder / "rows.csv", rows), 6


@pytest.mark.parametrize("op", ["voice_change", "infill"])
def test_killed_run_resumes(runs: ForkedRuns, service: SpeechService, tmp_path: Path, op: str) -> None:
    """After kills at the second and the fourth call, the run completes with at most two repeated calls."""
    service.replies["*"] = _echo
    (tmp_path / "profile.toml").write_text(_PROFILE)
    manifest, calls = _manifest(tmp_path, op)
    command = ("run", manifest, "-o", tmp_path / "results", "--profile", tmp_path / "profile.toml")
    for count in (2, 4):
        service.hold_from(count)
        _kill_after(runs.start(tmp_path, *command), service, count)
    result = runs.run(tmp_path, *command)
    assert result.code == 0, result.stderr
    paid = [call for call in service.server.calls if call.method == "POST"]
    assert calls <= len(paid) <= calls + 2
    assert set(statuses(tmp_path / "results").values()) == {"done"}
    assert violations(tmp_path / "results") == []
    for made in (tmp_path / "results" / "audio").glob("*.wav"):
        info = probe_wav(made.read_bytes())
        expected_s = 38 if op == "voice_change" else 5.5
        assert info.duration_s == pytest.approx(expected_s, abs=0.31)
        assert info.sample_rate_hz == (_FRAMES_HZ if op == "voice_change" else RATE_HZ)
    service.reset_calls()
    assert runs.run(tmp_path, *command).code == 0
    assert [call for call in service.server.calls if call.method == "POST"] == []


def _kill_after(run: Run, service: SpeechService, count: int) -> None:
    while not run.is_over and service.posted < count:
        time.sleep(0.005)
    run.kill()
    assert run.wait().code == -signal.SIGKILL
    service.release()
