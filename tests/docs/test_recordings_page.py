"""What the page on recordings tells a reader to type works, makes the files that it names, and says what it shows."""

import re
import shlex
import shutil
from pathlib import Path

import numpy as np
import pytest

from tests.audio.recordings import native
from tests.audio.test_video import pictures
from tests.flows.commands import InThisProcess
from tests.flows.results import items
from voicemill.config import LongAudio

_ROOT = Path(__file__).parents[2]
_PAGE = (_ROOT / "docs" / "recordings.md").read_text(encoding="utf-8")
_BLOCKS = re.findall(r"^```(\w*)\n(.*?)^```$", _PAGE, re.DOTALL | re.MULTILINE)


def _blocks(kind: str) -> list[str]:
    return [content for found, content in _BLOCKS if found == kind]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the sample manifests, as a fresh clone has it."""
    folder = tmp_path_factory.mktemp("clone")
    shutil.copytree(_ROOT / "data", folder / "data")
    return folder


def test_the_commands_run(voicemill: InThisProcess, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each command ends well and says what the page shows; the files that the page names are there, and no others."""
    monkeypatch.chdir(folder)
    said = ""
    for command in "".join(_blocks("sh")).splitlines():
        ended = voicemill(*shlex.split(command)[1:])
        assert ended.code == 0, f"{command}: {ended.stderr}"
        said += ended.stdout + ended.stderr
    for line in "".join(_blocks("text")).splitlines():
        assert line in said
    made = {path.relative_to(path.parents[1]).as_posix() for path in Path("results").glob("*/audio/*")}
    assert made == set(re.findall(r"`(audio/[\w.]+)`", _PAGE))
    _the_promises_are_kept()


def _the_promises_are_kept() -> None:
    """Lengths of changed voices, the picture of the film, and the samples around the filled gap."""
    harbour, film = (native(Path(f"data/revoice/{name}")) for name in ("harbour.flac", "lighthouse.mp4"))
    [changed, changed_film] = items(Path("results/revoice"))
    assert changed["duration_s"] == pytest.approx(len(harbour) / 24_000, abs=1e-4)
    assert changed_film["duration_s"] == pytest.approx(len(film) / 24_000, abs=0.01)
    assert pictures(Path("results/revoice/audio/lighthouse.mp4")) == pictures(Path("data/revoice/lighthouse.mp4"))
    old, new = native(Path("data/patches/chapter.flac")), native(Path("results/patches/audio/chapter.flac"))
    same = int(np.argmax(old[: len(new)] != new[: len(old)])) / 24_000
    assert 2.2 - 0.15 <= same <= 2.2 + 0.15 + 0.01
    after = round((len(old) / 24_000 - 4.1 - 0.15) * 24_000)
    assert np.array_equal(old[-after:], new[-after:])


def test_the_manifests_are_those_in_data() -> None:
    """What the page shows is what is there."""
    shown = [(_ROOT / "data" / name).read_text(encoding="utf-8") for name in ("revoice.csv", "patches.csv")]
    assert _blocks("csv") == shown


def test_the_settings_are_the_defaults() -> None:
    """Each with its value."""
    [shown] = _blocks("toml")
    found = {name: float(value) for name, value in re.findall(r"^(\w+) = (\d+)", shown, re.MULTILINE)}
    assert found == LongAudio().model_dump()
