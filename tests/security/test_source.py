"""The product's source contains no code that executes its input."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

_ROOT = Path(__file__).parents[2]
_SOURCES = sorted(path for room in ("voicemill", "flows", "tasks") for path in (_ROOT / room).rglob("*.py"))
_READERS = {"pickle", "cPickle", "_pickle", "dill", "cloudpickle", "joblib", "marshal", "shelve", "yaml"}
_CALLS = {"eval", "exec", "compile"}


def test_source_executes_no_input() -> None:
    """No module unpickles, loads YAML, evaluates text, or loads arrays with pickle allowed."""
    assert len(_SOURCES) > 100
    assert [f"{source.relative_to(_ROOT)}: {found}" for source in _SOURCES for found in _dangerous(source)] == []


@pytest.mark.parametrize(
    "source", ["import pickle", "from yaml import load", "eval(text)", "numpy.load(path, allow_pickle=True)"]
)
def test_dangerous_source_is_found(source: str, tmp_path: Path) -> None:
    """Each kind of dangerous code is found where it occurs."""
    path = tmp_path / "module.py"
    path.write_text(f"def read(text, path):\n    {source}\n")
    assert len([*_dangerous(path)]) == 1


def test_tasks_and_flows_persist_no_result() -> None:
    """Every task and flow disables result persistence, because Prefect pickles persisted results."""
    for source in (path for path in _SOURCES if path.is_relative_to(_ROOT / "flows") or path.parent.name == "tasks"):
        for function in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
            if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
                for decorator in map(ast.unparse, function.decorator_list):
                    if decorator.startswith(("task", "flow")):
                        assert "persist_result=False" in decorator, f"{source.name}: {decorator}"


def _dangerous(source: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call):
            is_dangerous = _may_execute(node)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            is_dangerous = not _READERS.isdisjoint(_imported(node))
        else:
            continue
        if is_dangerous:
            yield ast.unparse(node)


def _may_execute(call: ast.Call) -> bool:
    is_listed = isinstance(call.func, ast.Name) and call.func.id in _CALLS
    return is_listed or any(keyword.arg == "allow_pickle" for keyword in call.keywords)


def _imported(node: ast.Import | ast.ImportFrom) -> list[str]:
    """The top-level packages that a statement imports from."""
    if isinstance(node, ast.Import):
        return [alias.name.partition(".")[0] for alias in node.names]
    return [node.module.partition(".")[0]] if node.module else []
