"""Disabling any safeguard makes a test fail."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.faults.figures import SHARE, Report
from tests.faults.safeguards import ROOT, SAFEGUARDS, Safeguard

_NOT_COPIED = shutil.ignore_patterns(".venv", ".git", "results", "dist", "build", ".*_cache", "__pycache__", ".sdks")


@pytest.mark.parametrize("safeguard", SAFEGUARDS, ids=lambda safeguard: safeguard.name)
def test_safeguard_is_found_in_the_product(safeguard: Safeguard) -> None:
    """The code of each safeguard occurs exactly once in the product, and its test files exist."""
    assert safeguard.is_present()
    assert all((ROOT / name).is_file() for name in safeguard.tests)


@pytest.mark.skipif(not SHARE, reason="runs whole test files for each safeguard: `make safeguards`")
def test_disabling_a_safeguard_fails_a_test(tmp_path: Path, report: Report) -> None:
    """In a copy of the project without one safeguard, at least one of its named tests fails."""
    failures = {
        safeguard.name: _failed_tests(safeguard, tmp_path / str(number)) for number, safeguard in enumerate(SAFEGUARDS)
    }
    report(
        "safeguards", {"disabled": len(failures), "caught_by_a_test": sum(bool(failed) for failed in failures.values())}
    )
    assert [name for name, failed in failures.items() if not failed] == []


def _failed_tests(safeguard: Safeguard, tree: Path) -> list[str]:
    shutil.copytree(ROOT, tree, ignore=_NOT_COPIED)
    safeguard.disable_in(tree)
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-x",
        "-p",
        "no:cacheprovider",
        "--timeout",
        "600",
        *safeguard.tests,
    ]
    environment = {name: value for name, value in os.environ.items() if name != "FAULTS"} | {"PYTHONPATH": str(tree)}
    result = subprocess.run(command, cwd=tree, env=environment, capture_output=True, text=True, check=False)
    assert result.returncode in (0, 1), result.stdout
    shutil.rmtree(tree)
    return re.findall(r"^(?:FAILED|ERROR) (\S+)", result.stdout, re.MULTILINE)
