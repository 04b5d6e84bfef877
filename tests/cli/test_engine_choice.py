"""A results folder continues with the engine that made it."""

import json
from pathlib import Path

import pytest

from tests.engine.local import needs_local
from tests.flows.commands import run_process
from tests.flows.results import short_rows, write_manifest
from voicemill.engine.choice import ENGINE_VARIABLE

_RESULTS = Path("results/book")


@needs_local
def test_folder_of_an_earlier_version_resumes_without_a_call(
    prefect_server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder of the small engine, whose plan does not name its service, needs no call after an upgrade."""
    write_manifest(Path("book.csv"), short_rows(3))
    assert run_process("run", "book.csv").code == 0
    (_RESULTS / "run.json").unlink()
    plan = _RESULTS / ".voicemill" / "plan.json"
    facts = json.loads(plan.read_text())
    assert facts.pop("service") == "embedded/2"
    plan.write_text(json.dumps(facts))
    monkeypatch.delenv(ENGINE_VARIABLE)
    resumed = run_process("run", "book.csv")
    assert resumed.code == 0
    assert "0 calls, 3 stored answers reused" in resumed.stdout
    assert json.loads((_RESULTS / "run.json").read_text())["service"] == "embedded/2"


@needs_local
def test_new_folder_uses_the_local_engine(prefect_server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """If the extra is installed and no engine is set, the service name is that of the local engine."""
    monkeypatch.delenv(ENGINE_VARIABLE)
    write_manifest(Path("book.csv"), short_rows(2))
    ended = run_process("run", "book.csv")
    assert ended.code == 0
    assert ended.stderr.splitlines()[0].endswith("using the embedded engine, offline and free of charge.")
    assert "+hibari." in json.loads((_RESULTS / "run.json").read_text())["service"]
