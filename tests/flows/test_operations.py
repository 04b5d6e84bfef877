"""One flow per operation and one for mixed manifests: the rows that each accepts, and the flow of each command."""

from pathlib import Path

import pytest

from tests.flows.commands import InThisProcess
from tests.flows.results import items, write_manifest
from tests.flows.speech_service import SpeechService
from tests.manifest.read_manifest import VOICES
from voicemill.config import OPERATIONS, Settings, load_settings
from voicemill.errors import ConfigError
from voicemill.manifest import ManifestCheck
from voicemill.model import Op

pytestmark = pytest.mark.without_prefect

_MIXED = [{"id": "a", "op": "", "transcript": "Good morning."}, {"id": "b", "op": "tts", "transcript": "Good night."}]


def test_settings_and_rows_have_the_same_operations() -> None:
    """The operations of a run are the operations of a row."""
    assert [op.value for op in Op] == list(OPERATIONS)


@pytest.mark.parametrize("name", ["voice_change", "voice-change", " Voice-Change "])
def test_operation_name_ignores_case_and_hyphens(name: str) -> None:
    """An operation may be written in upper or lower case, with a hyphen or an underscore."""
    assert load_settings(operation=name).row_defaults.op == "voice_change"


def test_unknown_operation_is_refused() -> None:
    """The error for an unknown operation lists the valid ones."""
    with pytest.raises(ConfigError, match="operation is 'dub'; use one of tts, stt, voice_change, infill"):
        load_settings(operation="dub")


def test_rows_of_another_operation_are_problems(tmp_path: Path) -> None:
    """A run of one operation reports rows of another as problems and applies its operation to rows without one."""
    manifest = write_manifest(tmp_path / "mixed.csv", [*_MIXED, {"id": "c", "op": "infill", "transcript": "Hello."}])
    check = ManifestCheck(manifest, Settings(operation="tts"), VOICES)
    assert [(row.id, row.op) for row in check] == [("a", Op.TTS), ("b", Op.TTS)]
    found = [
        (problem.row, problem.column) for problem in check.problems if "this run processes only tts" in problem.why
    ]
    assert found == [(3, "op")]


def test_command_starts_the_flow_of_its_operation(voicemill: InThisProcess, service: SpeechService) -> None:
    """With `--op` the command starts the flow of that operation, which refuses rows of any other."""
    manifest = write_manifest(Path("mixed.csv"), _MIXED)
    result = voicemill("run", manifest, "-o", "spoken", "--op", "tts")
    assert result.code == 0
    assert [item["op"] for item in items(Path("spoken"))] == ["tts", "tts"]
    refused = voicemill("run", manifest, "-o", "transcribed", "--op", "stt")
    assert refused.code == 2
    assert "row 2, column op: this run processes only stt, but the row has op tts" in refused.stderr
    assert len(service.requested) == 2
