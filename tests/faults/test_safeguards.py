"""Each net that catches a fault is missed by a test when it is cut."""

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


@pytest.mark.parametrize("net", SAFEGUARDS, ids=lambda net: net.name)
def test_each_net_is_where_it_is_cut(net: Safeguard) -> None:
    """The code that is to be taken away is in the product, once, and the tests that should miss it are there."""
    assert net.is_there()
    assert all((ROOT / name).is_file() for name in net.tests)


@pytest.mark.skipif(not SHARE, reason="it runs whole test files again and again: `make safeguards`")
def test_each_net_is_missed(tmp_path: Path, report: Report) -> None:
    """In a copy of the project, its tests are green; with a net cut, at least one of those named goes red."""
    missed = {net.name: _red_tests(net, tmp_path / str(number)) for number, net in enumerate(SAFEGUARDS)}
    report("safeguards", {"cut": len(missed), "missed_by_a_test": sum(bool(red) for red in missed.values())})
    assert [name for name, red in missed.items() if not red] == []


def _red_tests(net: Safeguard, tree: Path) -> list[str]:
    shutil.copytree(ROOT, tree, ignore=_NOT_COPIED)
    net.cut_in(tree)
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", "--timeout", "600", *net.tests]
    environment = {name: value for name, value in os.environ.items() if name != "FAULTS"} | {"PYTHONPATH": str(tree)}
    ended = subprocess.run(command, cwd=tree, env=environment, capture_output=True, text=True, check=False)
    assert ended.returncode in (0, 1), ended.stdout
    shutil.rmtree(tree)
    return re.findall(r"^(?:FAILED|ERROR) (\S+)", ended.stdout, re.MULTILINE)
