"""Every command in the README and on the pages runs and prints the output that the page shows."""

import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.audio.recordings import native, tone, write
from tests.docs.pages import DOCS, PAGES, ROOT, Block, Command, all_commands, blocks, commands, name_of
from tests.docs.promised_files import ASSERTIONS
from tests.flows.commands import InThisProcess

pytestmark = pytest.mark.without_prefect

_NOT_RUN = {
    "voicemill up": "serves until Ctrl-C",
    "voicemill schedule": "needs the server of `voicemill up`",
    "voicemill engine serve": "serves until Ctrl-C",
    "voicemill control": "needs a live run",
    "voicemill copy": "needs a bucket",
    "voicemill run book.csv -o s3://": "needs a bucket",
    "voicemill run recordings.csv -o results/recordings --runner": "starts four processes",
    "voicemill run book.csv --voice nova": "needs an OpenAI-compatible server",
    "voicemill book master results/novel": "needs a finished book; the tutorial masters one",
    "voicemill book regenerate results/novel": "needs a finished book",
    "voicemill run book.csv -o /shared/book": "needs a cluster or a work pool",
    "voicemill run one.csv": "needs a Prefect server that two runs share",
    "voicemill run two.csv": "needs a Prefect server that two runs share",
}
"""Commands that are not run, with the reason; only their options are checked."""
_NEEDS_A_BOOK = ("voicemill.book import master",)
"""Python examples that are not run; `tests/book/test_master.py` calls what they show."""
_TALKS_HZ = 22_050
_SHELL = ("cp ", "mkdir ")
_NOT_OURS = (
    "pip ",
    "pipx ",
    "uv ",
    "python -m venv ",
    ". ",
    "export ",
    "git clone ",
    "cd ",
    "make ",
    "dask ",
    "ray ",
    "prefect ",
)
_WITH_COMMANDS = [
    page
    for page in PAGES
    if page != DOCS / "api.md" and any(c.line.startswith("voicemill") for c in all_commands(page))
]


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the sample data, and with short files under the names that the pages use as examples."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "home"))
    shutil.copytree(ROOT / "data", tmp_path / "data")
    for name in ("archive/a.mp3", "talk.mp3"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        write(tmp_path / name, tone(1.0))
    (tmp_path / "files.txt").write_text("talk.mp3\n", encoding="utf-8")
    (tmp_path / "allowed-words.txt").write_text("Oskmere\n", encoding="utf-8")
    (tmp_path / "talks.csv").write_text("id,audio\ntalk,talk.mp3\n", encoding="utf-8")
    (tmp_path / "recordings.csv").write_text("id,op,audio\ntalk,stt,talk.mp3\n", encoding="utf-8")
    (tmp_path / "book.csv").write_text("id,text\none,The boat is on the river.\n", encoding="utf-8")
    (tmp_path / "chapters").mkdir()
    for name in ("chapter.txt", "chapters/one.txt"):
        (tmp_path / name).write_text("The boat is on the river.", encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize("page", _WITH_COMMANDS, ids=name_of)
def test_the_commands_print_the_shown_output(voicemill: InThisProcess, checkout: Path, page: Path) -> None:
    """A page is one session: files are saved, then commands and Python examples run in its order."""
    if page == DOCS / "tutorials" / "archive.md":
        _shorten_talks()
    for block in blocks(page):
        _follow(voicemill, block)
    ASSERTIONS.get(page, lambda: None)()


def _shorten_talks() -> None:
    """Keep the first two seconds of each talk; the page on transcripts transcribes whole ones."""
    for talk in Path("data/talks").iterdir():
        write(talk, native(talk)[: 2 * _TALKS_HZ, 0], _TALKS_HZ)


def _follow(voicemill: InThisProcess, block: Block) -> None:
    if block.file:
        Path(block.file).parent.mkdir(parents=True, exist_ok=True)
        Path(block.file).write_text(block.text, encoding="utf-8")
    elif block.kind == "python" and not any(name in block.text for name in _NEEDS_A_BOOK):
        exec(compile(block.text, "example", "exec"), {})
    for command in commands(block):
        _run(voicemill, command)


def _run(voicemill: InThisProcess, command: Command) -> None:
    if command.line.startswith(_SHELL):
        subprocess.run(shlex.split(command.line), check=True)
    elif command.line.startswith("voicemill") and not command.line.startswith(tuple(_NOT_RUN)):
        ended = voicemill(*shlex.split(command.line)[1:])
        assert ended.code == command.exit_code, f"{command.line}: {ended.stderr}"
        _assert_shown(command, ended.stdout + ended.stderr)


def _assert_shown(command: Command, output: str) -> None:
    """The shown lines are lines of the output, in that order; times and rates may differ."""
    printed = iter([_shape(line) for line in output.splitlines()])
    for line in command.shown:
        assert any(_shape(line) == each for each in printed), f"{command.line} does not print {line!r}:\n{output}"


def _shape(line: str) -> str:
    here = line.replace(f"{Path.cwd()}/", "").strip()
    return re.sub(r"\d+:\d{2}:\d{2}|\d+(\.\d+)?( s|%)", "#", here)


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_other_commands_are_known(page: Path) -> None:
    """Each command is a voicemill command, a file operation that the test runs, or the set-up of an environment."""
    known = ("voicemill ", *_SHELL, *_NOT_OURS)
    assert [command.line for command in all_commands(page) if not command.line.startswith(known)] == []
