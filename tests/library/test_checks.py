"""`voicemill.validate` and `voicemill.plan`: problems and estimates, without a paid call."""

from pathlib import Path

import pandas as pd
import pytest

import voicemill
from tests.flows.results import write_manifest
from tests.flows.speech_service import SpeechService


def test_validate_lists_every_problem(service: SpeechService, tmp_path: Path) -> None:
    """Problems name row and column, and no call is made."""
    manifest = write_manifest(tmp_path / "book.csv", [{"id": "a", "text": ""}, {"id": "a", "text": "Hello."}])
    checked = voicemill.validate(manifest)
    assert not checked.ok
    assert {(problem.row, problem.column) for problem in checked.problems} == {(1, "text"), (2, "id")}
    assert service.requested == []


def test_validate_takes_a_dataframe(service: SpeechService) -> None:
    """A DataFrame is checked without a results folder."""
    checked = voicemill.validate(pd.DataFrame({"id": ["a"], "text": ["Hello."]}))
    assert (checked.ok, checked.rows) == (True, 1)


def test_plan_counts_calls_and_credits(service: SpeechService, tmp_path: Path) -> None:
    """Stored answers are not counted as calls to pay."""
    manifest = write_manifest(tmp_path / "book.csv", [{"id": "a", "text": "Hello."}, {"id": "b", "text": "Bye."}])
    assert voicemill.plan(manifest, tmp_path / "results").calls_to_pay == 2
    voicemill.run(manifest, tmp_path / "results", limit=1)
    figures = voicemill.plan(manifest, tmp_path / "results")
    assert (figures.rows, figures.calls_paid, figures.calls_to_pay) == (2, 1, 1)


def test_plan_raises_the_problems(service: SpeechService, tmp_path: Path) -> None:
    """A manifest with problems has no estimate."""
    with pytest.raises(voicemill.ManifestError, match="row 1, column text"):
        voicemill.plan(pd.DataFrame({"id": ["a"], "text": [""]}))


def test_help_shows_the_public_names() -> None:
    """`help(voicemill)` documents every public function and class."""
    import pydoc

    page = pydoc.render_doc(voicemill, renderer=pydoc.plaintext)  # type: ignore[attr-defined]
    for name in ("run(", "retry(", "plan(", "validate(", "verify(", "export(", "class Cartesia", "class RunResult"):
        assert name in page
