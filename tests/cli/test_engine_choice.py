"""A results folder continues with the engine that made it."""

import importlib.util
import json
from pathlib import Path

import pytest

from tests.engine.local import needs_local
from tests.flows.commands import InThisProcess
from tests.flows.results import short_rows, write_manifest
from voicemill.config import Settings
from voicemill.engine.choice import ENGINE_VARIABLE, INSTALL_HINT
from voicemill.engine.models.whisper_base import WHISPER_BASE_SHA256
from voicemill.service import name_and_voices

_RESULTS = Path("results/book")


pytestmark = pytest.mark.without_prefect


@needs_local
def test_folder_of_an_earlier_version_resumes_without_a_call(
    voicemill: InThisProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder of the small engine, whose plan does not name its service, needs no call after an upgrade."""
    write_manifest(Path("book.csv"), short_rows(3))
    assert voicemill("run", "book.csv").code == 0
    (_RESULTS / "run.json").unlink()
    plan = _RESULTS / ".voicemill" / "plan.json"
    facts = json.loads(plan.read_text())
    assert facts.pop("service") == "embedded/2"
    plan.write_text(json.dumps(facts))
    monkeypatch.delenv(ENGINE_VARIABLE)
    resumed = voicemill("run", "book.csv")
    assert resumed.code == 0
    assert "0 calls, 3 stored answers reused" in resumed.stdout
    assert json.loads((_RESULTS / "run.json").read_text())["service"] == "embedded/2"


@needs_local
def test_new_folder_uses_the_local_engine(voicemill: InThisProcess, monkeypatch: pytest.MonkeyPatch) -> None:
    """If the extra is installed and no engine is set, the service name is that of the local engine."""
    monkeypatch.delenv(ENGINE_VARIABLE)
    write_manifest(Path("book.csv"), short_rows(2))
    ended = voicemill("run", "book.csv")
    assert ended.code == 0
    assert ended.stderr.splitlines()[0].endswith("using the embedded engine, offline and free of charge.")
    assert "+hibari." in json.loads((_RESULTS / "run.json").read_text())["service"]


@needs_local
@pytest.mark.parametrize("version", ["1", "2", "3"])
async def test_folder_continues_with_its_version_of_the_natural_voices(
    monkeypatch: pytest.MonkeyPatch, version: str
) -> None:
    """The service name of a folder stays the same, whether the environment chooses the local engine or nothing."""
    name = f"embedded/2+hibari.0.2.1.5f70741d4e90.{version}+whisper-base.{WHISPER_BASE_SHA256[:12]}"
    for choice in ("local", "auto"):
        monkeypatch.setenv(ENGINE_VARIABLE, choice)
        assert (await name_and_voices(Settings(), earlier=name))[0] == name


def test_first_line_of_a_run_says_how_to_get_natural_voices(
    voicemill: InThisProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without `voicemill[local]`, the small engine is used and the first line has the command that installs it."""
    find = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name, *args: None if name == "hibari" else find(name, *args)
    )
    monkeypatch.delenv(ENGINE_VARIABLE)
    write_manifest(Path("book.csv"), short_rows(1))
    ended = voicemill("run", "book.csv")
    assert ended.code == 0
    assert ended.stderr.splitlines()[0].endswith(INSTALL_HINT)
    assert "pip install 'voicemill[local]'" in INSTALL_HINT
    assert json.loads((_RESULTS / "run.json").read_text())["service"] == "embedded/2"
