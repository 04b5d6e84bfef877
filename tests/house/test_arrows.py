"""Arrows between rooms go down only, and foreign libraries stay in the rooms that are theirs."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

_ROOT = Path(__file__).parents[2]
_PRODUCT = sorted(path for top in ("flows", "tasks", "voicemill") for path in (_ROOT / top).rglob("*.py"))
_TESTS = sorted((_ROOT / "tests").rglob("*.py"))
_LONGEST_FILE_LINES = 350

_NOUNS = {"errors", "model", "config", "formats"}
_CRAFTS = {"api", "store", "audio", "pace", "plan", "text"}
_BELOW: dict[str, set[str]] = {
    "errors": set(),
    "formats": set(),
    "model": {"formats"},
    "config": {"errors"},
    "manifest": {"audio", *_NOUNS},
    "processes": set(),
    "audio": {"processes", "errors", "model", "formats"},
    "api": _NOUNS,
    "store": _NOUNS,
    "pace": _NOUNS,
    "plan": _NOUNS,
    "text": _NOUNS,
    "engine": {"audio", "processes", "errors", "model", "formats"},
    "work": {*_CRAFTS, "manifest", *_NOUNS},
    "report": {"work", "store", *_NOUNS},
    "tasks": {"report", "work", *_CRAFTS, "manifest", *_NOUNS},
    "flows": {"tasks", "report", "work", "engine", *_CRAFTS, "manifest", *_NOUNS},
}
"""The rooms that each room may import from; `formats` is `voicemill.audio.formats`, which are nouns too."""

_AT_HOME: dict[str, tuple[str, ...]] = {
    "prefect": ("flows/", "tasks/"),
    "httpx": ("voicemill/api/",),
    "aiohttp": ("voicemill/api/",),
    "httpx_aiohttp": ("voicemill/api/",),
    "pyarrow": ("voicemill/store/tables/", "voicemill/manifest/read/"),
    "fsspec": ("voicemill/store/objects.py",),
    "tenacity": ("voicemill/pace/",),
    "typer": ("flows/command_line/",),
}


def _name(path: Path) -> str:
    return str(path.relative_to(_ROOT))


@cache
def _nodes(path: Path) -> list[ast.AST]:
    return list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))


def _imports(path: Path) -> Iterator[str]:
    """The full names that a module imports, those inside functions too."""
    for node in _nodes(path):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports relatively"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _room(name: str) -> str | None:
    parts = name.split(".")
    if parts[0] in ("flows", "tasks"):
        return parts[0]
    if parts[0] != "voicemill" or parts[1:] in ([], ["__init__"], ["__version__"]):
        return None
    return "formats" if parts[1:3] == ["audio", "formats"] else parts[1]


def _room_of(path: Path) -> str | None:
    return _room(".".join(path.relative_to(_ROOT).with_suffix("").parts))


def test_every_room_is_known() -> None:
    """Each module of the product is in a room that has its place in the order."""
    assert {_room_of(path) for path in _PRODUCT} - {None} == set(_BELOW)


def test_arrows_go_down() -> None:
    """A module imports from its own room and from those below it."""
    wrong = [
        f"{_name(path)} imports {name}"
        for path in _PRODUCT
        for name in _imports(path)
        if _room(name) not in {_room_of(path), None, *_BELOW.get(_room_of(path) or "", ())}
    ]
    assert wrong == []


def test_libraries_are_at_home() -> None:
    """A library that a room hides is imported in that room alone."""
    wrong = [
        f"{_name(path)} imports {name}"
        for path in _PRODUCT
        for name in _imports(path)
        if not _name(path).startswith(_AT_HOME.get(name.split(".")[0], ""))
    ]
    assert wrong == []


def test_files_are_renamed_in_one_place() -> None:
    """Only `store/durable` puts a file in the place of another."""
    found = {
        _name(path)
        for path in _PRODUCT
        for node in _nodes(path)
        if isinstance(node, ast.Attribute)
        and node.attr in ("replace", "rename", "renames", "move")
        and isinstance(node.value, ast.Name)
        and node.value.id in ("os", "shutil", "path", "partial")
    }
    assert found == {"voicemill/store/durable.py"}


def test_nothing_is_printed() -> None:
    """The product speaks through its command line and its report, never through print."""
    prints = [path for path in _PRODUCT for node in _nodes(path) if isinstance(node, ast.Name) and node.id == "print"]
    assert prints == []


def test_files_are_short() -> None:
    """One thing has one file, and a file can be read in one go."""
    lengths = {_name(path): len(path.read_text(encoding="utf-8").splitlines()) for path in [*_PRODUCT, *_TESTS]}
    assert {name: lines for name, lines in lengths.items() if lines > _LONGEST_FILE_LINES} == {}


def test_every_test_says_what_it_holds() -> None:
    """Each test begins with one sentence that says what must be so."""
    silent = [
        f"{_name(path)}: {node.name}"
        for path in _TESTS
        for node in _nodes(path)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.name.startswith("test_")
        and not (ast.get_docstring(node) or "").endswith(".")
    ]
    assert silent == []
