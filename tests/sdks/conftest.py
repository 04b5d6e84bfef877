"""Fixture: one trial for all tests."""

import pytest

from tests.sdks.evidence import Evidence
from tests.sdks.trial import run_trial


@pytest.fixture(scope="session")
def trial(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Evidence]:
    """The evidence of every client."""
    return run_trial(tmp_path_factory.mktemp("sdks"))
