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
def test_no_client_notices_a_difference(trial: dict[str, Evidence], client: str, check: Check) -> None:
    """What came back through the client is what its method promises."""
    check.judge(trial[client])


def test_the_same_question_gets_the_same_bytes(trial: dict[str, Evidence]) -> None:
    """Whichever client asks and whichever worker answers, an infill has one sound with an emotion and one without."""
    answers: dict[str | None, set[bytes]] = {}
    for evidence in trial.values():
        facts = evidence.facts("infill.bytes")
        answers.setdefault(facts.get("emotion"), set()).add(Path(facts["audio"]).read_bytes())
    assert [len(bodies) for bodies in answers.values()] == [1, 1]


def test_the_page_shows_what_was_found(trial: dict[str, Evidence]) -> None:
    """The table of docs/api.md is the one that this trial gives; `python -m tests.sdks` writes it."""
    assert shown() == table(trial)


def test_no_method_goes_unchecked() -> None:
    """Each method of the reference has a check, and no check is of a method that is not there."""
    assert {check.method for check in CHECKS} == {*METHODS, ERRORS}
