"""The page on running: every exit code has its line, and every option it names exists."""

import re
from pathlib import Path

import typer.main

from voicemill.cli.app import app
from voicemill.errors import ExitCode

_PAGE = (Path(__file__).parents[2] / "docs/running.md").read_text(encoding="utf-8")


def _options_of_all_verbs() -> set[str]:
    found = {"--"}
    waiting = [typer.main.get_command(app)]
    while waiting:
        command = waiting.pop()
        waiting += getattr(command, "commands", {}).values()
        found |= {name for parameter in command.params for name in parameter.opts}
    return found


def test_every_exit_code_has_its_line() -> None:
    """The table lists the exit codes that there are, each once."""
    listed = [int(code) for code in re.findall(r"^\| (\d) \|", _PAGE, re.MULTILINE)]
    assert listed == [code.value for code in ExitCode]


def test_every_option_exists() -> None:
    """Each option that the page names is taken by a verb."""
    named = set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", _PAGE))
    assert len(named) > 12
    assert named - _options_of_all_verbs() == set()
