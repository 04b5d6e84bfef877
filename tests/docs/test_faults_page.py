"""What the page on faults names is there, and what the README says of kills is what was counted."""

import json
import operator
import re
from pathlib import Path

from tests.faults.figures import FIGURES
from tests.faults.safeguards import SAFEGUARDS

_ROOT = Path(__file__).parents[2]
_PAGE = (_ROOT / "docs" / "faults.md").read_text(encoding="utf-8")
_README = (_ROOT / "README.md").read_text(encoding="utf-8")
_PROMISED = {"C": 9, "N": 13, "D": 7, "M": 5, "S": 12, "B": 4}


def test_every_fault_has_its_line() -> None:
    """Each fault that is promised for has a test, or a line that says why not."""
    rows = re.findall(r"^\| ([A-Z]\d+) \| (.+?) \| (.+?) \|", _PAGE, re.MULTILINE)
    assert {row for row, _, _ in rows} == {f"{kind}{n + 1}" for kind, count in _PROMISED.items() for n in range(count)}
    assert all("`tests/" in test or test.startswith("not ") for _, _, test in rows)


def test_the_tests_are_there() -> None:
    """Every test file that the page names exists."""
    assert [name for name in re.findall(r"`(tests/[\w/.]+)`", _PAGE) if not (_ROOT / name).is_file()] == []


def test_the_readme_says_what_was_counted() -> None:
    """The README's line on kills has the numbers that the campaign published."""
    figures = json.loads(FIGURES.read_text())
    kills = [campaign for name, campaign in figures.items() if name.startswith("kills")]
    [row] = re.findall(r"^\| ([\d,]+) × SIGKILL.*?\| (.*?) \|", _README, re.MULTILINE)
    assert int(row[0].replace(",", "")) == sum(campaign["kills"] for campaign in kills)
    lost, torn = (sum(campaign[name] for campaign in kills) for name in ("paid_answers_lost", "torn_files"))
    most = max(campaign["calls_in_flight_at_a_kill_at_most"] for campaign in kills)
    assert f"{lost} answers lost, {torn} files torn, at most {most} calls repeated a kill" in row[1]


def test_the_readme_says_what_else_was_counted() -> None:
    """Its lines on the network, power cuts, flipped bits, the key and the nets have the published numbers."""
    figures = json.loads(FIGURES.read_text())
    network, cuts, flips = figures["network"], figures["power_cuts"], figures["bit_flips"]
    key, nets = figures["key"], figures["safeguards"]
    faults, found = f"{network['faults_injected']:,}", f"{flips['found']:,} found by"
    for told, figure in (
        (f"{faults} of them in {network['kinds']} ways", f"{network['violations']} wrong files"),
        (f"{cuts['crash_states']:,} states of a disk", f"{cuts['lost_or_torn']} lost or torn"),
        (f"{flips['flips']:,} bits flipped", found),
        (f"after {key['ways_of_failing']} ways of failing", f"{key['found']} times"),
        (f"{nets['cut']} safety nets", f"{nets['missed_by_a_test']} missed by a test"),
    ):
        assert re.search(rf"^\| [^|]*{re.escape(told)}[^|]* \| {re.escape(figure)}", _README, re.MULTILINE), told


def test_the_page_says_what_was_counted() -> None:
    """The page has a line for every campaign, with what it published; that of crews is added up."""
    told = re.findall(r"^\| ([a-z ]+) \| (.+) \|$", _PAGE.partition("## What was counted")[2], re.MULTILINE)
    assert dict(told[1:]) == {name: _in_words(figures) for name, figures in _added_up().items()}


def _added_up() -> dict[str, dict[str, float]]:
    campaigns: dict[str, dict[str, float]] = {}
    for name, figures in json.loads(FIGURES.read_text()).items():
        all_crews = campaigns.setdefault(re.sub(r"_\d+$", "", name).replace("_", " "), {})
        for what, figure in figures.items():
            if "_per_" not in what:
                add = max if what.endswith("_at_most") else operator.add
                all_crews[what] = add(all_crews.get(what, 0), figure)
    return campaigns


def _in_words(figures: dict[str, float]) -> str:
    return ", ".join(f"{what.replace('_', ' ')} {figure:,}" for what, figure in figures.items())


def test_every_net_is_missed() -> None:
    """All safety nets were cut, and each was missed by a test."""
    figures = json.loads(FIGURES.read_text())["safeguards"]
    assert figures == {"cut": len(SAFEGUARDS), "missed_by_a_test": len(SAFEGUARDS)}
