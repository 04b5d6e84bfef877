"""What the README tells a reader to type works, and what it says of results, options and exit codes is so."""

import re
import shlex
import shutil
from pathlib import Path

import pytest

from tests.flows.commands import InThisProcess
from voicemill.errors import ExitCode

_ROOT = Path(__file__).parents[2]
_PAGE = (_ROOT / "README.md").read_text(encoding="utf-8")
_BLOCKS = re.findall(r"^```(\w*)\n(.*?)^```$", _PAGE, re.DOTALL | re.MULTILINE)
_INDENTED = re.findall(
    r"^    (\w.*)$", re.sub(r"^```.*?^```$", "", _PAGE, flags=re.DOTALL | re.MULTILINE), re.MULTILINE
)
_LINES = [
    line.strip() for kind, block in _BLOCKS if kind in ("sh", "bash", "console", "") for line in block.splitlines()
]
_COMMANDS = [line.removeprefix("$ ").split("  #")[0] for line in [*_LINES, *_INDENTED] if line and line[0] != "#"]
_LASTING = ("engine serve",)
_OF_THE_SHELL = (". ", "source ", "cd ", "export ", "git clone ", "make ", "pip ", "uv ", "python ")
_IN_BACKTICKS = [code for code in re.findall(r"`([^`\n]+)`", _PAGE) if code.startswith("voicemill ")]


@pytest.fixture
def quick(capfd: pytest.CaptureFixture[str]) -> InThisProcess:
    """The command, for its help."""
    return InThisProcess(capfd)


def test_there_is_something_to_type() -> None:
    """The README shows how a manifest is checked and run, and every command in it is one that is tried here."""
    typed = [command for command in _COMMANDS if command.startswith("voicemill ")]
    assert any("voicemill run" in command for command in typed)
    assert [command for command in _COMMANDS if not command.startswith(("voicemill ", *_OF_THE_SHELL))] == []


def test_make_targets_exist() -> None:
    """Each `make` target that the README names is in the Makefile."""
    makefile = (_ROOT / "Makefile").read_text(encoding="utf-8")
    targets = re.findall(r"\bmake (\w+)", "\n".join([*_COMMANDS, *re.findall(r"`(make \w+)`", _PAGE)]))
    assert [target for target in targets if not re.search(rf"^{target}:", makefile, re.MULTILINE)] == []


def test_the_commands_run(voicemill: InThisProcess, tmp_path: Path) -> None:
    """What a reader types, in the order of the page, ends well: the embedded engine needs no key."""
    shutil.copytree(_ROOT / "data", tmp_path / "data")
    for command in _COMMANDS:
        words = shlex.split(command)
        if words[0] == "voicemill" and not command.startswith(tuple(f"voicemill {verb}" for verb in _LASTING)):
            ended = voicemill(*words[1:])
            assert ended.code == 0, f"{command}: {ended.stderr}"


@pytest.mark.parametrize("command", [*_IN_BACKTICKS, *(line for line in _COMMANDS if line.startswith("voicemill "))])
def test_the_help_knows_the_options(quick: InThisProcess, command: str) -> None:
    """Each verb and option that the README names is in the command's help."""
    words = shlex.split(command)[1:]
    verbs = [word for word in words if re.fullmatch(r"[a-z]+", word)][: 2 if words[0] in ("voices", "engine") else 1]
    told = quick(*verbs, "--help")
    assert told.code == 0
    for option in (word for word in words if word.startswith("-")):
        assert re.search(rf"(?<![\w-]){re.escape(option)}\b", told.stdout), f"{command}: {option}"


def test_the_manifests_are_good(quick: InThisProcess, tmp_path: Path) -> None:
    """A manifest that the README shows has no problem and no warning, once its texts are there."""
    for content in (block for kind, block in _BLOCKS if kind == "csv"):
        (tmp_path / "manifest.csv").write_text(content, encoding="utf-8")
        for name in re.findall(r"[\w/]+\.txt", content):
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_text("A text.", encoding="utf-8")
        checked = quick("validate", "manifest.csv", "--json").json
        assert checked["rows"] == content.count("\n") - 1
        assert not any(checked[name] for name in ("problem_count", "problems", "warnings", "refused"))


def test_the_exit_codes_are_listed() -> None:
    """Every exit code that a run can have has its words in the README."""
    listed = set(map(int, re.findall(r"(?<![\w.])(\d) [a-z ]+", _PAGE.partition("Exit codes:")[2].partition("\n#")[0])))
    assert listed == set(ExitCode)


def test_links_lead_somewhere() -> None:
    """Each page of ours that the README links to is there."""
    linked = re.findall(r"\]\((?!https?:)([^)#]+)", _PAGE)
    assert [name for name in linked if not (_ROOT / name).exists()] == []
