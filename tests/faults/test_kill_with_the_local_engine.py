"""A run of the local engine is killed and resumed: nothing is lost, and no completed call is repeated."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.engine.local import needs_local
from tests.flows.results import statuses, violations, write_manifest
from tests.waiting import wait_until
from voicemill.config import load_settings
from voicemill.engine.choice import ENGINE_VARIABLE
from voicemill.pipeline.execute import RunSpec, execute

_RUN = """
import asyncio
from pathlib import Path
from voicemill.config import load_settings
from voicemill.pipeline.execute import RunSpec, execute
asyncio.run(execute(RunSpec("rows.csv", Path("results"), load_settings("profile.toml"))))
"""
_ROWS = [
    {"id": "one", "op": "tts", "transcript": "The first boat is on the river.", "audio": ""},
    {"id": "two", "op": "tts", "transcript": "The second boat is on the lake.", "audio": ""},
    {"id": "words", "op": "stt", "transcript": "", "audio": "@one"},
]


@needs_local
async def test_killed_run_resumes(monkeypatch: pytest.MonkeyPatch) -> None:
    """After SIGKILL behind the first delivered file, speech and the transcript of speech are completed."""
    monkeypatch.setenv(ENGINE_VARIABLE, "local")
    write_manifest(Path("rows.csv"), _ROWS)
    Path("profile.toml").write_text("[pace]\nmax_concurrency = 1\n")
    results = Path("results")
    run = subprocess.Popen([sys.executable, "-c", _RUN])
    wait_until(lambda: any(results.glob("audio/*.wav")) or run.poll() is not None, "a delivered file")
    run.kill()
    assert run.wait() == -9
    delivered = {path: path.read_bytes() for path in results.glob("audio/*.wav")}
    summary = await execute(RunSpec("rows.csv", results, load_settings("profile.toml")))
    assert 1 <= summary.calls_made <= len(_ROWS) - len(delivered)
    assert set(statuses(results).values()) == {"done"}
    assert violations(results) == []
    assert {path: path.read_bytes() for path in delivered} == delivered
    assert "boat" in next(results.glob("text/*.txt")).read_text()
