"""Commands, options, make targets, benchmarks and files that the pages name exist."""

import re
import shlex
from functools import cache
from pathlib import Path

import pytest

from docs.reference_pages.commands import commands
from tests.docs.pages import PAGES, ROOT, all_commands, inline_code, name_of


@cache
def _options() -> dict[str, set[str]]:
    return {
        name: {"--help", *(option for each in command.params for option in (*each.opts, *each.secondary_opts))}
        for name, command in commands()
    }


def _typed(page: Path) -> list[str]:
    """Every command line of a page, in code blocks and in prose."""
    code = [each for each in inline_code(page) if each.startswith(("voicemill ", "make ", "python -m benchmarks"))]
    return [*code, *(command.line for command in all_commands(page))]


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_commands_have_the_named_options(page: Path) -> None:
    """Each `voicemill` command exists and has the options that the page uses."""
    unknown = []
    for line in _typed(page):
        if line.startswith("voicemill ") and not line.startswith("voicemill --"):
            before_separator = line.partition(" -- ")[0]
            words = shlex.split(before_separator)
            name = " ".join(words[:3]) if " ".join(words[:3]) in _options() else " ".join(words[:2])
            is_group = any(known.startswith(f"{name} ") for known in _options())
            given = {word.partition("=")[0] for word in words if re.fullmatch(r"--?[a-z][a-z-]*", word)}
            if not is_group and (name not in _options() or given - _options()[name]):
                unknown.append(line)
    assert unknown == []


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_options_in_prose_exist(page: Path) -> None:
    """Each option in the prose exists in a command or in a recipe of the Makefile."""
    known = set().union(*_options().values()) | {"--", "--version", "--check", "--fail-on-warning"}
    named = {each.split()[0].partition("=")[0] for each in inline_code(page) if re.match(r"--[a-z]", each)}
    assert named - known == set()


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_make_targets_and_benchmarks_exist(page: Path) -> None:
    """Each `make TARGET` is in the Makefile, and each `python -m benchmarks.NAME` is a module."""
    lines = "\n".join(_typed(page))
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^make ([a-z]+)", lines, re.MULTILINE))
    assert [each for each in targets if not re.search(rf"^{each}:", makefile, re.MULTILINE)] == []
    modules = set(re.findall(r"python -m benchmarks\.(\w+)", lines))
    assert [each for each in modules if not (ROOT / "benchmarks" / f"{each}.py").is_file()] == []


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_named_files_exist(page: Path) -> None:
    """Each source file that a page names exists."""
    named = [
        each
        for each in inline_code(page)
        if re.fullmatch(r"(tests|configs|data|voicemill|flows|tasks|benchmarks)/[\w./-]+\.\w+", each)
    ]
    assert [each for each in named if not (ROOT / each).exists()] == []


@pytest.mark.parametrize("page", [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md")], ids=name_of)
def test_links_of_the_repository_pages_are_valid(page: Path) -> None:
    """Links of the pages at the root name existing files; links within the site are checked in its HTML."""
    linked = re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text(encoding="utf-8"))
    assert [name for name in linked if not (ROOT / name).exists()] == []
