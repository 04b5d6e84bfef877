"""Every script in `examples/` runs to its end, as a user would start it."""

import subprocess
import sys
from pathlib import Path

_EXAMPLES = Path(__file__).parents[2] / "examples"


def _run(name: str, *arguments: str | Path) -> str:
    """Start a script in the working folder of the test; returns what it printed."""
    command = [sys.executable, str(_EXAMPLES / name), *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_audiobook_chapters() -> None:
    """Four chapters become four MP3 files; a second run makes no call."""
    lines = _run("audiobook_chapters.py").splitlines()
    assert len(lines) == 4
    assert all(Path(line.rpartition(" in ")[2]).is_file() and line.endswith(".mp3") for line in lines)


def test_archive_overnight() -> None:
    """Both recordings become transcripts and subtitles."""
    assert "2 done of 2 rows" in _run("archive_overnight.py")
    assert sorted(path.name for path in Path("results/archive/text").rglob("*.srt")) == ["ferry.srt", "mill.srt"]


def test_recurring_job() -> None:
    """The second run converts only the text that is new."""
    Path("news").mkdir()
    Path("news/monday.txt").write_text("It rains.", encoding="utf-8")
    assert _run("recurring_job.py", "news").strip() == "1 new, 0 unchanged, 1 calls"
    Path("news/tuesday.txt").write_text("The sun is out.", encoding="utf-8")
    assert _run("recurring_job.py", "news").strip() == "1 new, 1 unchanged, 1 calls"


def test_rerun_failed() -> None:
    """The first run stops at its budget, the retry finishes the rest."""
    printed = _run("rerun_failed.py")
    assert printed.startswith("BUDGET: ")
    assert "4 done of 4 rows" in printed
    assert printed.rstrip().endswith("every file matches the tables")


def test_every_example_has_a_test() -> None:
    """No example is without a test here."""
    tested = {name.removeprefix("test_") for name in globals() if name.startswith("test_")}
    assert {path.stem for path in _EXAMPLES.glob("*.py")} <= tested
