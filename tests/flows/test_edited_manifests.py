"""A manifest that lives: rows come, change, move and go between runs, and disks fail; a dictionary tells the truth."""

import itertools
from pathlib import Path
from random import Random

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule, run_state_machine_as_test

from tests.flows.commands import InThisProcess
from tests.flows.disks import disk_that_fails_after
from tests.flows.results import items, violations, write_manifest
from tests.flows.speech_service import SpeechService

_TEXTS = st.sampled_from([f"Text {number}." for number in range(6)])
_OUTS = st.sampled_from(["", *(f"shared/{number}" for number in range(4))])
_FORMATS = st.sampled_from([("wav", 44100), ("wav", 8000), ("mp3", 44100)])

Format = tuple[str, int]
Question = tuple[str, int]


class LivingManifest(RuleBasedStateMachine):
    """The rows by id in the manifest's order; the questions that are paid for, and those that may be."""

    def __init__(self, voicemill: InThisProcess, service: SpeechService, results: Path) -> None:
        super().__init__()
        self._voicemill = voicemill
        self._service = service
        self._results = results
        self._numbers = itertools.count()
        self._rows: dict[str, dict[str, str]] = {}
        self._paid: set[Question] = set()
        self._perhaps_paid: set[Question] = set()
        service.reset_calls()

    @rule(text=_TEXTS, out=_OUTS, form=_FORMATS)
    def add(self, text: str, out: str, form: Format) -> None:
        """A row comes."""
        self._put(f"row-{next(self._numbers)}", text, out, form)

    @precondition(lambda self: self._rows)
    @rule(dice=st.randoms(use_true_random=False), text=_TEXTS, out=_OUTS, form=_FORMATS)
    def edit(self, dice: Random, text: str, out: str, form: Format) -> None:
        """A row gets another text, place and format."""
        self._put(dice.choice(list(self._rows)), text, out, form)

    @precondition(lambda self: self._rows)
    @rule(dice=st.randoms(use_true_random=False))
    def remove(self, dice: Random) -> None:
        """A row goes."""
        del self._rows[dice.choice(list(self._rows))]

    @rule(dice=st.randoms(use_true_random=False))
    def reorder(self, dice: Random) -> None:
        """The rows change places."""
        order = list(self._rows)
        dice.shuffle(order)
        self._rows = {name: self._rows[name] for name in order}

    @precondition(lambda self: self._rows)
    @rule()
    def run(self) -> None:
        """A run asks for just what is missing, and leaves what the dictionary says."""
        ended = self._voicemill("run", self._written(), "-o", self._results)
        assert ended.code == 0, ended.stdout + ended.stderr
        asked, missing = self._asked(), self._needed() - self._paid
        assert len(asked) == len(set(asked))
        assert missing - self._perhaps_paid <= set(asked) <= missing
        self._paid |= missing
        self._perhaps_paid -= missing
        assert violations(self._results) == []
        assert [self._as_written(item) for item in items(self._results)] == list(self._rows.values())

    @precondition(lambda self: self._rows)
    @rule(writes=st.integers(0, 40))
    def run_on_a_failing_disk(self, writes: int) -> None:
        """A disk that fails after some writes ends a run; what it paid for may be kept or not."""
        with disk_that_fails_after(writes):
            ended = self._voicemill("run", self._written(), "-o", self._results)
        assert ended.code in (0, 5), ended.stdout + ended.stderr
        asked, missing = set(self._asked()), self._needed() - self._paid
        assert asked <= missing
        self._perhaps_paid |= asked

    def _put(self, name: str, text: str, out: str, form: Format) -> None:
        taken = {row["out"] for other, row in self._rows.items() if other != name}
        container, rate_hz = form
        row = {"transcript": text, "container": container, "sample_rate": str(rate_hz)}
        self._rows[name] = {"id": name, **row, "out": out if out and out not in taken else f"own/{name}"}

    def _written(self) -> Path:
        self._service.reset_calls()
        return write_manifest(self._results.with_suffix(".csv"), self._rows.values())

    def _needed(self) -> set[Question]:
        return {(row["transcript"], int(row["sample_rate"])) for row in self._rows.values()}

    def _asked(self) -> list[Question]:
        questions = [call.json_body for call in self._service.server.calls if call.path == "/tts/bytes"]
        return [(question["transcript"], question["output_format"]["sample_rate"]) for question in questions]

    @staticmethod
    def _as_written(item: dict[str, object]) -> dict[str, str]:
        out = str(item["file_name"]).removeprefix("audio/").removesuffix(f".{item['container']}")
        kept = ("id", "transcript", "container", "sample_rate")
        return {**{name: str(item[name]) for name in kept}, "out": out}


def test_a_living_manifest(voicemill: InThisProcess, service: SpeechService, tmp_path: Path) -> None:
    """Whatever is done to a manifest between runs, each run pays for what is new and leaves what the manifest says."""
    folders = itertools.count()
    run_state_machine_as_test(
        lambda: LivingManifest(voicemill, service, tmp_path / f"results-{next(folders)}"),  # type: ignore[arg-type]
        settings=settings(
            max_examples=4,
            stateful_step_count=16,
            deadline=None,
            derandomize=True,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
