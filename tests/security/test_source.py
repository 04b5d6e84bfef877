"""The product's source contains no code that executes its input."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

_ROOT = Path(__file__).parents[2]
_SOURCES = sorted(path for room in ("voicemill", "flows", "tasks") for path in (_ROOT / room).rglob("*.py"))
_READERS = {"pickle", "cPickle", "_pickle", "dill", "cloudpickle", "joblib", "marshal", "shelve", "yaml"}
_CALLS = {"eval", "exec", "compile"}


@pytest.mark.parametrize("source", _SOURCES, ids=lambda path: str(path.relative_to(_ROOT)))
def test_source_executes_no_input(source: Path) -> None:
    """No module unpickles, loads YAML, evaluates text, or loads arrays with pickle allowed."""
    tree = ast.parse(source.read_text(encoding="utf-8"))
    assert _READERS.isdisjoint(_imported(tree))
    for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
        assert not (isinstance(call.func, ast.Name) and call.func.id in _CALLS), ast.unparse(call)
        assert "allow_pickle" not in {keyword.arg for keyword in call.keywords}, ast.unparse(call)


def test_tasks_and_flows_persist_no_result() -> None:
    """Every task and flow disables result persistence, because Prefect pickles persisted results."""
    for source in (path for path in _SOURCES if path.is_relative_to(_ROOT / "flows") or path.parent.name == "tasks"):
        for function in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
            if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
                for decorator in map(ast.unparse, function.decorator_list):
                    if decorator.startswith(("task", "flow")):
                        assert "persist_result=False" in decorator, f"{source.name}: {decorator}"


def _imported(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module.partition(".")[0]
