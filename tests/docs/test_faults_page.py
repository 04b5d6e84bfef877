"""The pages on faults and benchmarks name tests that exist and figures that were counted."""

import json
import re

from docs.reference_pages.fault_counts import FIGURES, totals
from tests.docs.pages import DOCS, ROOT
from tests.faults.safeguards import SAFEGUARDS

_PAGE = (DOCS / "faults.md").read_text(encoding="utf-8")
_FAULTS = {"C": 9, "N": 13, "D": 7, "M": 6, "R": 2, "S": 12, "B": 4}


def test_every_fault_has_its_test() -> None:
    """Each fault has a line that names an existing test."""
    rows = re.findall(r"^\| ([A-Z]\d+) \| (.+?) \| (.+?) \|", _PAGE, re.MULTILINE)
    assert {row for row, _, _ in rows} == {f"{kind}{n + 1}" for kind, count in _FAULTS.items() for n in range(count)}
    assert all("`tests/" in test for _, _, test in rows)


def test_published_figures_are_those_of_the_campaigns() -> None:
    """The README and the benchmarks page have the figures that the campaigns recorded."""
    figures = json.loads(FIGURES.read_text(encoding="utf-8"))
    network, cuts, flips, key = (figures[name] for name in ("network", "power_cuts", "bit_flips", "key"))
    kills = [counts for name, counts in totals().items() if name.startswith("kills")]
    lost, torn = (sum(each[name] for each in kills) for name in ("paid_answers_lost", "torn_files"))
    most = max(each["calls_in_flight_at_a_kill_at_most"] for each in kills)
    rows = {
        f"{sum(each['kills'] for each in kills):,} × SIGKILL": f"{lost} answers lost, {torn} files torn, "
        f"at most {most} calls repeated per kill",
        f"{network['faults_injected']:,} of them in {network['kinds']} ways": f"{network['violations']} wrong files",
        f"{cuts['crash_states']:,} disk states": f"{cuts['lost_or_torn']} lost or torn",
        f"{flips['flips']:,} bits flipped": f"{flips['found']:,} found by",
        f"across {key['ways_of_failing']} failure modes": f"{key['found']} ",
    }
    for page in (ROOT / "README.md", DOCS / "benchmarks.md"):
        text = page.read_text(encoding="utf-8")
        for what, figure in rows.items():
            is_there = re.search(rf"^\| [^|]*{re.escape(what)}[^|]* \| {re.escape(figure)}", text, re.MULTILINE)
            assert is_there or page.name == "README.md", what
    assert f"{key['ways_of_failing']} failure modes" in (ROOT / "SECURITY.md").read_text(encoding="utf-8")


def test_every_safeguard_was_caught() -> None:
    """The pages say that tests caught the removal of every safeguard, and the figures agree."""
    assert set(json.loads(FIGURES.read_text(encoding="utf-8"))["safeguards"].values()) == {len(SAFEGUARDS)}
    benchmarks = (DOCS / "benchmarks.md").read_text(encoding="utf-8")
    assert f"| {len(SAFEGUARDS)} safeguards, each disabled in turn | tests caught all {len(SAFEGUARDS)} |" in benchmarks
    assert f"Tests caught all {len(SAFEGUARDS)}." in _PAGE
