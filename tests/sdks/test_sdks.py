"""Every check of every method, for every client that has the method."""

import pytest

from tests.sdks.checks import CHECKS, Check
from tests.sdks.evidence import Evidence
from tests.sdks.kits import KITS

pytestmark = [pytest.mark.xdist_group("sdks"), pytest.mark.timeout(400)]

CASES = [(kit.name, check) for kit in KITS.values() for check in CHECKS if check.method not in kit.removed]


@pytest.mark.parametrize(("client", "check"), CASES, ids=[f"{client}-{check.name}" for client, check in CASES])
def test_no_client_notices_a_difference(trial: dict[str, Evidence], client: str, check: Check) -> None:
    """What came back through the client is what its method promises."""
    check.judge(trial[client])
