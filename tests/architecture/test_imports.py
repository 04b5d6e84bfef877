"""Packages import only the packages below them, and some libraries are imported in one place only."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

_ROOT = Path(__file__).parents[2]
_PRODUCT = sorted(path for top in ("flows", "tasks", "voicemill") for path in (_ROOT / top).rglob("*.py"))
_TESTS = sorted((_ROOT / "tests").rglob("*.py"))
_PUBLIC_FACE = _ROOT / "voicemill" / "__init__.py"
_LONGEST_FILE_LINES = 350

_VOCABULARY = {"errors", "model", "config"}
_COMPONENTS = {"cartesia", "store", "audio", "limits", "planning", "quality", "text"}
_ALLOWED: dict[str, set[str]] = {
    "errors": set(),
    "model": set(),
    "config": {"errors"},
    "manifest": {"audio", "planning", "text", *_VOCABULARY},
    "processes": set(),
    "audio": {"processes", "errors", "model"},
    "cartesia": _VOCABULARY,
    "store": _VOCABULARY,
    "limits": _VOCABULARY,
    "planning": _VOCABULARY,
    "text": _VOCABULARY,
    "quality": {"audio", "text", "processes", *_VOCABULARY},
    "engine": {"audio", "processes", "errors", "model"},
    "service": {"cartesia", "engine", "limits", *_VOCABULARY},
    "client": {"cartesia", "service", *_VOCABULARY},
    "html_report": {*_COMPONENTS, *_VOCABULARY},
    "pipeline": {"html_report", "processes", *_COMPONENTS, "manifest", "service", *_VOCABULARY},
    "library": {"client", "pipeline", "service", *_COMPONENTS, "manifest", *_VOCABULARY},
    "book": {"audio", "planning", "store", "text", "manifest", *_VOCABULARY},
    "report": {"book", "html_report", "pipeline", "planning", "store", *_VOCABULARY},
    "tasks": {"report", "html_report", "pipeline", "service", *_COMPONENTS, "manifest", *_VOCABULARY},
    "flows": {
        "tasks",
        "report",
        "html_report",
        "pipeline",
        "service",
        "engine",
        *_COMPONENTS,
        "manifest",
        *_VOCABULARY,
    },
    "cli": {
        "tasks",
        "flows",
        "engine",
        "service",
        "pipeline",
        "processes",
        *_COMPONENTS,
        "manifest",
        "book",
        "report",
        "html_report",
        *_VOCABULARY,
    },
}
"""The packages that each package may import."""

_IMPORTED_IN: dict[str, tuple[str, ...]] = {
    "prefect": ("flows/", "tasks/"),
    "httpx": ("voicemill/cartesia/", "voicemill/engine/openai_server.py", "voicemill/engine/models/hub.py"),
    "aiohttp": ("voicemill/cartesia/",),
    "pyarrow": ("voicemill/store/tables/", "voicemill/manifest/readers/"),
    "fsspec": ("voicemill/store/object_store.py",),
    "distributed": ("voicemill/pipeline/distribution/dask_workers.py",),
    "ray": ("voicemill/pipeline/distribution/ray_workers.py",),
    "tenacity": ("voicemill/limits/",),
    "typer": ("voicemill/cli/",),
    "lxml": ("voicemill/book/importing/",),
    "mammoth": ("voicemill/book/importing/",),
}
"""The only places that may import each of these libraries."""


@pytest.fixture(scope="module", autouse=True)
def _forget_syntax_trees() -> Iterator[None]:
    """Free the parsed files at the end: every later garbage collection would traverse their million objects."""
    yield
    _nodes.cache_clear()


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


def _package(name: str) -> str | None:
    parts = name.split(".")
    if parts[0] in ("flows", "tasks"):
        return parts[0]
    if parts[0] != "voicemill" or parts[1:] in ([], ["__init__"], ["__version__"]):
        return None
    return "cli" if parts[1] == "__main__" else parts[1]


def _package_of(path: Path) -> str | None:
    return _package(".".join(path.relative_to(_ROOT).with_suffix("").parts))


def test_every_package_has_a_place() -> None:
    """Every module of the product belongs to a package with a defined place in the order."""
    assert {_package_of(path) for path in _PRODUCT} - {None} == set(_ALLOWED)


def test_packages_import_downwards() -> None:
    """A module imports only its own package and the packages below it."""
    wrong = [
        f"{_name(path)} imports {name}"
        for path in _PRODUCT
        if path != _PUBLIC_FACE
        for name in _imports(path)
        if _package(name) not in {_package_of(path), None, *_ALLOWED.get(_package_of(path) or "", ())}
    ]
    assert wrong == []


def test_libraries_stay_in_their_packages() -> None:
    """A library that one package wraps is imported nowhere else."""
    wrong = [
        f"{_name(path)} imports {name}"
        for path in _PRODUCT
        for name in _imports(path)
        if not _name(path).startswith(_IMPORTED_IN.get(name.split(".")[0], ""))
    ]
    assert wrong == []


def test_only_durable_files_renames_files() -> None:
    """Only `store/durable_files` replaces one file with another, besides models, which can be downloaded again."""
    found = {
        _name(path)
        for path in _PRODUCT
        for node in _nodes(path)
        if isinstance(node, ast.Attribute)
        and node.attr in ("replace", "rename", "renames", "move")
        and isinstance(node.value, ast.Name)
        and node.value.id in ("os", "shutil", "path", "partial")
    }
    models = {"voicemill/engine/models/hub.py", "voicemill/engine/models/whisper_base.py"}
    assert found == {"voicemill/store/durable_files.py"} | models


def test_nothing_is_printed() -> None:
    """The product never calls `print`."""
    prints = [path for path in _PRODUCT for node in _nodes(path) if isinstance(node, ast.Name) and node.id == "print"]
    assert prints == []


def test_files_are_short() -> None:
    """No file is longer than the limit."""
    lengths = {_name(path): len(path.read_text(encoding="utf-8").splitlines()) for path in [*_PRODUCT, *_TESTS]}
    assert {name: lines for name, lines in lengths.items() if lines > _LONGEST_FILE_LINES} == {}


def test_every_test_has_a_docstring() -> None:
    """Each test has a docstring of one sentence that states the behaviour."""
    silent = [
        f"{_name(path)}: {node.name}"
        for path in _TESTS
        for node in _nodes(path)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.name.startswith("test_")
        and not (ast.get_docstring(node) or "").endswith(".")
    ]
    assert silent == []
