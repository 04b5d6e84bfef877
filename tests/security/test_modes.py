"""Only the owner may read the files of a run, whatever the umask."""

import os
from pathlib import Path

from tests.flows.results import short_rows, write_manifest
from tests.flows.speech_service import SpeechService
from voicemill.config import Settings
from voicemill.pipeline.execute import RunSpec, execute


async def test_results_are_private(service: SpeechService, tmp_path: Path) -> None:
    """With umask 0, every file of a results folder has mode 0600 and every folder 0700."""
    write_manifest(tmp_path / "book.csv", short_rows(3))
    before = os.umask(0)
    try:
        assert (await execute(RunSpec(str(tmp_path / "book.csv"), tmp_path / "results", Settings()))).exit_code == 0
    finally:
        os.umask(before)
    modes = {
        str(path.relative_to(tmp_path)): path.stat().st_mode & 0o777
        for path in [tmp_path / "results", *(tmp_path / "results").rglob("*")]
    }
    assert {name: oct(mode) for name, mode in modes.items() if mode not in (0o600, 0o700)} == {}
    assert all((mode == 0o700) == (tmp_path / name).is_dir() for name, mode in modes.items())
    assert len(modes) > 15
