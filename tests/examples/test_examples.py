"""Every script in `examples/` runs to its end: one as a user starts it, the others in the process of the tests."""

import runpy
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from unittest import mock

import pytest

from tests.audio.recordings import native, write
from tests.flows.commands import ignoring_prefect_sockets
from tests.flows.reused_workers import reusing_workers

_EXAMPLES = Path(__file__).parents[2] / "examples"
_TALKS = _EXAMPLES.parent / "data" / "talks"
_TALKS_HZ = 22_050

Run = Callable[..., str]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a script in the working folder of the test; returns what it printed."""

    def run_script(name: str, *arguments: str | Path) -> str:
        script = str(_EXAMPLES / name)
        with (
            mock.patch.object(sys, "argv", [script, *map(str, arguments)]),
            ignoring_prefect_sockets(),
            reusing_workers(),
            pytest.raises(SystemExit) as end,
        ):
            runpy.run_path(script, run_name="__main__")
        assert not end.value.code
        return capsys.readouterr().out

    return run_script


def test_audiobook_chapters() -> None:
    """Four chapters become four MP3 files; a second run makes no call."""
    command = [sys.executable, str(_EXAMPLES / "audiobook_chapters.py")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert len(lines) == 4
    assert all(Path(line.rpartition(" in ")[2]).is_file() and line.endswith(".mp3") for line in lines)


def test_archive_overnight(run: Run) -> None:
    """Both recordings become transcripts and subtitles."""
    Path("talks").mkdir()
    for talk in _TALKS.iterdir():
        write(Path("talks", talk.name), native(talk)[: 2 * _TALKS_HZ, 0], _TALKS_HZ)
    assert "2 done of 2 rows" in run("archive_overnight.py", "talks")
    assert sorted(path.name for path in Path("results/archive/text").rglob("*.srt")) == ["ferry.srt", "mill.srt"]


def test_recurring_job(run: Run) -> None:
    """The second run converts only the text that is new."""
    Path("news").mkdir()
    Path("news/monday.txt").write_text("It rains.", encoding="utf-8")
    assert run("recurring_job.py", "news").strip() == "1 new, 0 unchanged, 1 calls"
    Path("news/tuesday.txt").write_text("The sun is out.", encoding="utf-8")
    assert run("recurring_job.py", "news").strip() == "1 new, 1 unchanged, 1 calls"


def test_rerun_failed(run: Run) -> None:
    """The first run stops at its budget, the retry finishes the rest."""
    printed = run("rerun_failed.py")
    assert printed.startswith("BUDGET: ")
    assert "4 done of 4 rows" in printed
    assert printed.rstrip().endswith("every file matches the tables")


def test_every_example_has_a_test() -> None:
    """No example is without a test here."""
    tested = {name.removeprefix("test_") for name in globals() if name.startswith("test_")}
    assert {path.stem for path in _EXAMPLES.glob("*.py")} <= tested
