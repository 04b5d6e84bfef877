"""A run over an archive of valid and invalid files."""

from pathlib import Path

import numpy as np
import pytest

from benchmarks.archive import faults
from benchmarks.mixed_archive import RATE_HZ, Archive
from tests.flows.commands import InThisProcess
from tests.flows.results import file_hashes, items
from tests.flows.speech_service import SpeechService
from voicemill.errors import ExitCode

pytestmark = pytest.mark.without_prefect

_FILES = 60


def test_every_file_of_an_archive_is_one_row(voicemill: InThisProcess, service: SpeechService, tmp_path: Path) -> None:
    """Every file, valid or not, is one row with its reason; equal files share a call, and a rerun makes no call."""
    moments = np.arange(RATE_HZ // 4) / RATE_HZ
    tones = [(0.3 * np.sin(2 * np.pi * pitch * moments)).astype(np.float32) for pitch in (220, 330)]
    archive = Archive(tmp_path / "archive", tones)
    archive.fill(_FILES, 20.0)
    first = voicemill("run", archive.folder, "--op", "stt", "-o", "transcribed", "--json")
    assert faults(archive, Path("transcribed")) == []
    assert len(archive.expected) == _FILES == sum(first.json["rows"].values())
    assert first.code == ExitCode.SOME_REFUSED
    done = [item for item in items(Path("transcribed")) if item["status"] == "done"]
    assert first.json["calls_made"] == len({item["made_from"][0] for item in done}) < len(done)
    before = file_hashes(Path("transcribed"))
    again = voicemill("run", archive.folder, "--op", "stt", "-o", "transcribed", "--json")
    assert (again.code, again.json["calls_made"]) == (ExitCode.SOME_REFUSED, 0)
    assert file_hashes(Path("transcribed")) == before
