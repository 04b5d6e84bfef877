"""The page on voice conversion and infill: its commands write the named files with the documented properties."""

import re
import shlex
import shutil
from pathlib import Path

import numpy as np
import pytest

from tests.audio.recordings import native
from tests.audio.test_video import pictures
from tests.docs.pages import DOCS, ROOT, all_commands, blocks
from tests.flows.commands import InThisProcess
from tests.flows.results import items
from voicemill.config import LongAudio

pytestmark = pytest.mark.without_prefect

_PAGE = DOCS / "recordings.md"
_TEXT = _PAGE.read_text(encoding="utf-8")
_GAP_S = (2.6, 4.9)
"""The passage that `data/patches.csv` replaces."""


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the sample data."""
    shutil.copytree(ROOT / "data", tmp_path / "data")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_named_files_are_written(voicemill: InThisProcess, checkout: Path) -> None:
    """The commands write the files that the page names, and no others."""
    for command in all_commands(_PAGE):
        assert voicemill(*shlex.split(command.line)[1:]).code == 0
    made = {path.relative_to(path.parents[1]).as_posix() for path in Path("results").glob("*/audio/*")}
    assert made == set(re.findall(r"`(audio/[\w.]+)`", _TEXT))
    _assert_promises_kept()


def _assert_promises_kept() -> None:
    """Converted recordings keep their length, the video its track, the edited file its samples outside of the gap."""
    harbour, video = (native(Path(f"data/revoice/{name}")) for name in ("harbour.flac", "lighthouse.mp4"))
    [converted, converted_video] = items(Path("results/revoice"))
    assert converted["duration_s"] == pytest.approx(len(harbour) / 24_000, abs=1e-4)
    assert converted_video["duration_s"] == pytest.approx(len(video) / 24_000, abs=0.01)
    assert pictures(Path("results/revoice/audio/lighthouse.mp4")) == pictures(Path("data/revoice/lighthouse.mp4"))
    old, new = native(Path("data/patches/chapter.flac")), native(Path("results/patches/audio/chapter.flac"))
    same = int(np.argmax(old[: len(new)] != new[: len(old)])) / 24_000
    assert _GAP_S[0] - 0.15 <= same <= _GAP_S[0] + 0.15 + 0.01
    after = round((len(old) / 24_000 - _GAP_S[1] - 0.15) * 24_000)
    assert np.array_equal(old[-after:], new[-after:])


def test_the_manifests_are_those_in_data() -> None:
    """The page shows the sample manifests unchanged."""
    shown = [block.text for block in blocks(_PAGE) if block.kind == "csv"]
    assert shown == [(ROOT / "data" / name).read_text(encoding="utf-8") for name in ("revoice.csv", "patches.csv")]


def test_the_settings_are_the_defaults() -> None:
    """Each setting is shown with its default value."""
    [shown] = [block.text for block in blocks(_PAGE) if block.kind == "toml"]
    found = {name: float(value) for name, value in re.findall(r"^(\w+) = (\d+)", shown, re.MULTILINE)}
    assert found == LongAudio().model_dump()
