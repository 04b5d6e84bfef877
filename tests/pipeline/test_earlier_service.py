"""Which service a results folder of an earlier version was made with."""

from pathlib import Path

import pytest

from voicemill.pipeline.prepare import earlier_service
from voicemill.store.results_folder import ResultsFolder, write_json


@pytest.mark.parametrize(
    ("credits", "expected"), [(0.0, "embedded/"), (12.5, "https://api.cartesia.ai")], ids=["free", "billed"]
)
def test_service_of_a_run_that_was_killed_early(tmp_path: Path, credits: float, expected: str) -> None:
    """A plan without a service and without published tables was made with Cartesia if its run spent credits."""
    results = ResultsFolder(tmp_path)
    results.notes.mkdir()
    results.plan.touch()
    write_json(results.plan_facts, {"manifest": "book.csv", "plan_id": "1", "rows": 2})
    write_json(results.spent, {"credits": credits, "calls": 2})
    assert earlier_service(results) == expected


def test_a_new_folder_has_no_earlier_service(tmp_path: Path) -> None:
    """A folder without a plan leaves the choice to the environment."""
    assert earlier_service(ResultsFolder(tmp_path)) == ""
