"""Access to the collected inputs, and runs of them with the embedded engine."""

import shutil
from pathlib import Path
from typing import Any, Final

import pytest

import voicemill

CASES: Final = Path(__file__).resolve().parents[3] / "shared" / "cases"
needs_cases: Final = pytest.mark.skipif(not CASES.is_dir(), reason="the collected inputs are not here")


def copied(folder: str, tmp_path: Path) -> Path:
    """A copy of a folder of inputs."""
    return Path(shutil.copytree(CASES / folder, tmp_path / folder))


def finished_rows(manifest: Path, **options: Any) -> list[dict[str, Any]]:
    """The rows of `items.parquet` after a run in which every row was done."""
    result = voicemill.run(manifest, manifest.parent / "results", **options)
    assert result.ok, result.reason
    return [{str(name): value for name, value in row.items()} for row in result.items.to_dict("records")]


def column(rows: list[dict[str, Any]], name: str) -> list[Any]:
    """The values of one column."""
    return [row[name] for row in rows]
