"""An archive of mixed files runs to its end."""

from pathlib import Path

import numpy as np

from benchmarks.archive import faults
from benchmarks.mixed_archive import RATE_HZ, Archive
from tests.flows.commands import InThisProcess
from tests.flows.results import items, tree
from voicemill.errors import ExitCode

_FILES = 60


def test_every_file_of_an_archive_is_one_row(voicemill: InThisProcess, tmp_path: Path) -> None:
    """Good and bad, each file is one row with its reason; each content is asked once, and nothing the second time."""
    moments = np.arange(RATE_HZ // 2) / RATE_HZ
    tones = [(0.3 * np.sin(2 * np.pi * pitch * moments)).astype(np.float32) for pitch in (220, 330, 440)]
    archive = Archive(tmp_path / "archive", tones)
    archive.fill(_FILES, 60.0)
    first = voicemill("run", archive.folder, "--op", "stt", "-o", "heard", "--json")
    assert faults(archive, Path("heard")) == []
    assert len(archive.expected) == _FILES == sum(first.json["rows"].values())
    assert first.code == ExitCode.SOME_REFUSED
    done = [item for item in items(Path("heard")) if item["status"] == "done"]
    assert first.json["calls_made"] == len({item["made_from"][0] for item in done}) < len(done)
    before = tree(Path("heard"))
    again = voicemill("run", archive.folder, "--op", "stt", "-o", "heard", "--json")
    assert (again.code, again.json["calls_made"]) == (ExitCode.SOME_REFUSED, 0)
    assert tree(Path("heard")) == before
