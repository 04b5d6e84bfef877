"""A flow for each operation, and one for all: what each takes, and what the command starts."""

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

_MIXED = [{"id": "a", "op": "", "transcript": "Good morning."}, {"id": "b", "op": "tts", "transcript": "Good night."}]


def test_the_operations_are_those_of_rows() -> None:
    """What a run can be told to do is what rows can ask for."""
    assert [op.value for op in Op] == list(OPERATIONS)


@pytest.mark.parametrize("said", ["voice_change", "voice-change", " Voice-Change "])
def test_an_operation_is_read_as_in_a_row(said: str) -> None:
    """An operation is known by its name in upper or lower case, with a hyphen too."""
    assert load_settings(operation=said).row_defaults.op == "voice_change"


def test_an_unknown_operation_is_refused() -> None:
    """An operation that there is not is refused with those that there are."""
    with pytest.raises(ConfigError, match="an operation is one of tts, stt, voice_change, infill"):
        load_settings(operation="dub")


def test_rows_of_another_operation_are_problems(tmp_path: Path) -> None:
    """A run of one operation refuses rows of another by row and column, and gives its own to rows that name none."""
    manifest = write_manifest(tmp_path / "mixed.csv", [*_MIXED, {"id": "c", "op": "infill", "transcript": "Hello."}])
    check = ManifestCheck(manifest, Settings(operation="tts"), VOICES)
    assert [(row.id, row.op) for row in check] == [("a", Op.TTS), ("b", Op.TTS)]
    found = [(problem.row, problem.column) for problem in check.problems if "this run is of tts alone" in problem.why]
    assert found == [(3, "op")]


def test_the_command_starts_the_flow_of_its_operation(voicemill: InThisProcess, service: SpeechService) -> None:
    """With --op the command runs that operation's flow, which takes rows of no other; without it takes them all."""
    manifest = write_manifest(Path("mixed.csv"), _MIXED)
    ended = voicemill("run", manifest, "-o", "spoken", "--op", "tts")
    assert ended.code == 0
    assert [item["op"] for item in items(Path("spoken"))] == ["tts", "tts"]
    refused = voicemill("run", manifest, "-o", "heard", "--op", "stt")
    assert refused.code == 2
    assert "row 2, column op: this run is of stt alone, and the row asks for tts" in refused.stderr
    assert len(service.requested) == 2
