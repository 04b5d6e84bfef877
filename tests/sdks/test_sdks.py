"""Every check of every method, for every client that has the method."""

from pathlib import Path

import pytest

from tests.sdks.checks import CHECKS, Check
from tests.sdks.checks.register import ERRORS
from tests.sdks.evidence import Evidence
from tests.sdks.kits import KITS
from tests.sdks.table import METHODS, shown, table

pytestmark = [pytest.mark.xdist_group("sdks"), pytest.mark.timeout(1200)]

CASES = [(kit.name, check) for kit in KITS.values() for check in CHECKS if check.method not in kit.removed]


@pytest.mark.parametrize(("client", "check"), CASES, ids=[f"{client}-{check.name}" for client, check in CASES])
def test_every_check_passes(trial: dict[str, Evidence], client: str, check: Check) -> None:
    """The evidence of a client satisfies each check of its methods."""
    check.judge(trial[client])


def test_same_request_gets_the_same_bytes(trial: dict[str, Evidence]) -> None:
    """An infill request gives the same audio with every client and worker, one with an emotion and one without."""
    answers: dict[str | None, set[bytes]] = {}
    for evidence in trial.values():
        facts = evidence.facts("infill.bytes")
        answers.setdefault(facts.get("emotion"), set()).add(Path(facts["audio"]).read_bytes())
    assert [len(bodies) for bodies in answers.values()] == [1, 1]


def test_page_shows_the_results(trial: dict[str, Evidence]) -> None:
    """The table of docs/api.md equals that of this trial; `python -m tests.sdks` writes it."""
    assert shown() == table(trial)


def test_every_method_has_a_check() -> None:
    """Each method of the API reference has a check, and each check belongs to an existing method."""
    assert {check.method for check in CHECKS} == {*METHODS, ERRORS}
