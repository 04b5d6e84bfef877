"""A model-based test of a manifest that is edited between runs, some of them on a failing disk."""

import itertools
from pathlib import Path
from random import Random

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule, run_state_machine_as_test

from tests.flows.commands import InThisProcess
from tests.flows.disks import disk_that_fails_after
from tests.flows.results import items, violations, write_manifest
from tests.flows.speech_service import SpeechService

pytestmark = pytest.mark.without_prefect

_TEXTS = st.sampled_from([f"Text {number}." for number in range(6)])
_OUTS = st.sampled_from(["", *(f"shared/{number}" for number in range(4))])
_FORMATS = st.sampled_from([("wav", 44100), ("wav", 8000), ("mp3", 44100)])

Format = tuple[str, int]
Request = tuple[str, int]


class EditedManifest(RuleBasedStateMachine):
    """The model: rows by id in the manifest's order, requests that are paid, and requests that may be paid."""

    def __init__(self, voicemill: InThisProcess, service: SpeechService, results: Path) -> None:
        super().__init__()
        self._voicemill = voicemill
        self._service = service
        self._results = results
        self._numbers = itertools.count()
        self._rows: dict[str, dict[str, str]] = {}
        self._paid: set[Request] = set()
        self._maybe_paid: set[Request] = set()
        service.reset_calls()

    @rule(text=_TEXTS, out=_OUTS, form=_FORMATS)
    def add(self, text: str, out: str, form: Format) -> None:
        """Add a row."""
        self._put(f"row-{next(self._numbers)}", text, out, form)

    @precondition(lambda self: self._rows)
    @rule(dice=st.randoms(use_true_random=False), text=_TEXTS, out=_OUTS, form=_FORMATS)
    def edit(self, dice: Random, text: str, out: str, form: Format) -> None:
        """Change a row's text, output path and format."""
        self._put(dice.choice(list(self._rows)), text, out, form)

    @precondition(lambda self: self._rows)
    @rule(dice=st.randoms(use_true_random=False))
    def remove(self, dice: Random) -> None:
        """Remove a row."""
        del self._rows[dice.choice(list(self._rows))]

    @rule(dice=st.randoms(use_true_random=False))
    def reorder(self, dice: Random) -> None:
        """Reorder the rows."""
        order = list(self._rows)
        dice.shuffle(order)
        self._rows = {name: self._rows[name] for name in order}

    @precondition(lambda self: self._rows)
    @rule()
    def run(self) -> None:
        """A run requests exactly what is missing, and the results equal the model."""
        result = self._voicemill("run", self._written(), "-o", self._results)
        assert result.code == 0, result.stdout + result.stderr
        requested, missing = self._requested(), self._needed() - self._paid
        assert len(requested) == len(set(requested))
        assert missing - self._maybe_paid <= set(requested) <= missing
        self._paid |= missing
        self._maybe_paid -= missing
        assert violations(self._results) == []
        assert [self._as_written(item) for item in items(self._results)] == list(self._rows.values())

    @precondition(lambda self: self._rows)
    @rule(writes=st.integers(0, 40))
    def run_on_a_failing_disk(self, writes: int) -> None:
        """A run on a disk that fails after some writes ends; the answers it paid for may be stored or not."""
        with disk_that_fails_after(writes):
            result = self._voicemill("run", self._written(), "-o", self._results)
        assert result.code in (0, 5), result.stdout + result.stderr
        requested, missing = set(self._requested()), self._needed() - self._paid
        assert requested <= missing
        self._maybe_paid |= requested

    def _put(self, name: str, text: str, out: str, form: Format) -> None:
        taken = {row["out"] for other, row in self._rows.items() if other != name}
        container, rate_hz = form
        row = {"transcript": text, "container": container, "sample_rate": str(rate_hz)}
        self._rows[name] = {"id": name, **row, "out": out if out and out not in taken else f"unique/{name}"}

    def _written(self) -> Path:
        self._service.reset_calls()
        return write_manifest(self._results.with_suffix(".csv"), self._rows.values())

    def _needed(self) -> set[Request]:
        return {(row["transcript"], int(row["sample_rate"])) for row in self._rows.values()}

    def _requested(self) -> list[Request]:
        bodies = [call.json_body for call in self._service.server.calls if call.path == "/tts/bytes"]
        return [(body["transcript"], body["output_format"]["sample_rate"]) for body in bodies]

    @staticmethod
    def _as_written(item: dict[str, object]) -> dict[str, str]:
        out = str(item["file_name"]).removeprefix("audio/").removesuffix(f".{item['container']}")
        kept = ("id", "transcript", "container", "sample_rate")
        return {**{name: str(item[name]) for name in kept}, "out": out}


def test_edits_between_runs(voicemill: InThisProcess, service: SpeechService, tmp_path: Path) -> None:
    """After any sequence of edits, a run makes only the new calls, and its results match the manifest."""
    folders = itertools.count()
    run_state_machine_as_test(
        lambda: EditedManifest(voicemill, service, tmp_path / f"results-{next(folders)}"),  # type: ignore[arg-type]
        settings=settings(
            max_examples=4,
            stateful_step_count=16,
            deadline=None,
            derandomize=True,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
