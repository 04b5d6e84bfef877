"""A manifest edited between crashing and completing runs: results match it, and each call is billed once."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule, run_state_machine_as_test

from tests.faults.figures import PARTITIONS, SEED, SHARE, Report, size
from tests.faults.forked_runs import CRASHED
from tests.faults.process_runs import ForkedRuns
from tests.flows.results import items, violations, write_manifest
from tests.flows.speech_service import SpeechService
from tests.hostile_speech import speech_for

_RATE_HZ = 8000
_ids = st.sampled_from([f"row-{number}" for number in range(6)])
_texts = st.sampled_from([f"Text number {number}." for number in range(8)])


class EditedManifest(RuleBasedStateMachine):
    """The model: the rows, the texts that may be requested and the files that must be delivered."""

    folders = 0
    runs_made = 0
    steps = 0

    def __init__(self, runs: ForkedRuns, service: SpeechService, folder: Path) -> None:
        super().__init__()
        type(self).folders += 1
        self._folder = folder / f"book-{self.folders}"
        self._folder.mkdir()
        self._runs, self._service = runs, service
        self._rows: dict[str, str] = {}
        self._expected: set[str] = set()
        self._delivered: dict[str, str] = {}
        self._repeatable = 0
        service.reset_calls()

    @rule(row=_ids, text=_texts)
    def add_or_edit(self, row: str, text: str) -> None:
        """Add a row or change its text."""
        type(self).steps += 1
        self._rows[row] = text

    @precondition(lambda self: len(self._rows) > 1)
    @rule(data=st.data())
    def remove(self, data: st.DataObject) -> None:
        """Remove a row."""
        type(self).steps += 1
        del self._rows[data.draw(st.sampled_from(sorted(self._rows)))]

    @rule(data=st.data())
    def reorder(self, data: st.DataObject) -> None:
        """Reorder the rows."""
        type(self).steps += 1
        self._rows = {row: self._rows[row] for row in data.draw(st.permutations(sorted(self._rows)))}

    @precondition(lambda self: self._rows)
    @rule(point=st.integers(1, 80))
    def kill(self, point: int) -> None:
        """A run crashes at a fault point, or completes before it."""
        self._run(point)

    @precondition(lambda self: self._rows)
    @rule()
    def finish(self) -> None:
        """A run completes: table, files and calls match the model."""
        assert self._run(0) == 0
        table = items(self._folder / "results")
        assert [item["id"] for item in table] == list(self._rows)
        assert {item["status"] for item in table} == {"done"}
        assert violations(self._folder / "results") == []
        for row, text in self._delivered.items():  # files of removed rows are kept
            assert (self._folder / "results" / "audio" / f"{row}.wav").read_bytes() == speech_for(text, _RATE_HZ)
        assert set(self._rows.values()) <= set(self._service.requested) <= self._expected
        assert len(self._service.requested) <= len(self._expected) + self._repeatable

    def _run(self, crash_at: int) -> int:
        type(self).steps += 1
        type(self).runs_made += 1
        self._expected |= set(self._rows.values())
        rows = [{"id": row, "transcript": text, "sample_rate": _RATE_HZ} for row, text in self._rows.items()]
        manifest = write_manifest(self._folder / "book.csv", rows)
        before = len(self._service.requested)
        result = self._runs.run(self._folder, "run", manifest, "-o", self._folder / "results", crash_at=crash_at)
        assert result.code in (0, CRASHED), result.stderr
        self._service.server.settle()
        self._repeatable += len(self._service.requested) - before - list(result.passed).count("answer kept")
        self._delivered |= self._rows
        if result.code == CRASHED:  # the crashed run may have overwritten the files of its rows
            self._delivered = {row: text for row, text in self._delivered.items() if row not in self._rows}
        return result.code


@pytest.mark.parametrize("part", range(PARTITIONS))
def test_edits(runs: ForkedRuns, service: SpeechService, tmp_path: Path, report: Report, part: int) -> None:
    """Any sequence of edits, crashed runs and completed runs keeps table, files and calls correct."""

    class Manifest(EditedManifest):
        """A separate class, so that each part has its own counters."""

    @seed(SEED + part)
    def manifest() -> Manifest:
        return Manifest(runs, service, tmp_path)

    run_state_machine_as_test(
        manifest,  # type: ignore[arg-type]
        settings=settings(
            max_examples=size(nightly=200, usual=3),
            stateful_step_count=50 if SHARE else 10,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
    report(
        f"edits_{part + 1}",
        {"books": Manifest.folders, "steps": Manifest.steps, "runs": Manifest.runs_made, "wrong": 0},
    )
