"""After a power cut at any moment no acknowledged answer is lost or torn, and the next run completes."""

import random
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

import pytest

from tests.faults.figures import SEED, SHARE, Report, size
from tests.faults.invariants import invariant_violations
from tests.faults.power_loss import PowerLoss, Tree, write_tree
from tests.faults.write_recorder import WriteRecorder
from tests.flows.results import statuses, violations, write_manifest
from tests.flows.speech_service import SpeechService
from voicemill.config import Settings
from voicemill.pipeline.execute import RunSpec, execute
from voicemill.store.answer_store import AnswerStore, StoredAnswer, commit_answers

_BOOKS = 3 if SHARE else 1
_CALLS = 12 * _BOOKS
_RATE_HZ = 24000 if SHARE else 8000
_PARAGRAPHS = {"a": 1, "b": 1, "c": 1, "d": 1, "first-chapter": 3, "second-chapter": 5}
_ROWS = [
    {
        "id": f"{name}-{book}",
        "transcript": "\n\n".join(f"Paragraph {part} of {name}, book {book}." for part in range(parts)),
        "sample_rate": str(_RATE_HZ),
    }
    for book in range(_BOOKS)
    for name, parts in _PARAGRAPHS.items()
]
_EDITED = [_ROWS[0] | {"transcript": "Another sentence."}, *_ROWS[1:]]


@pytest.fixture
def in_memory() -> Iterator[Path]:
    """A folder in memory, if the system has one, where syncs take no time."""
    shared = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=shared if shared.is_dir() else None) as folder:
        yield Path(folder)


async def recorded(root: Path, manifest: Path) -> PowerLoss:
    """Record the disk changes of a run into `root/results`, and the moment each answer is acknowledged as durable."""
    recorder = WriteRecorder(root)

    def acknowledged(_store: AnswerStore, kept: Sequence[StoredAnswer]) -> Sequence[StoredAnswer]:
        for answer in commit_answers(kept):
            recorder.acknowledge(answer.path.stem)
        return kept

    with mock.patch.object(AnswerStore, "commit_all", acknowledged), recorder.recording():
        assert (await execute(RunSpec(str(manifest), root / "results", Settings()))).exit_code == 0
    return PowerLoss(recorder.before, recorder.log)


@dataclass(frozen=True, slots=True)
class State:
    """The tree after a power cut, the acknowledged answers, and the manifest of the interrupted run."""

    tree: Tree
    acknowledged: frozenset[str]
    manifest: Path


async def test_power_cuts(service: SpeechService, in_memory: Path, tmp_path: Path, report: Report) -> None:
    """In every possible disk state stored answers are complete, done rows have their files, and a run can resume."""
    disk = in_memory / "disk"
    disk.mkdir()
    first = write_manifest(tmp_path / "first.csv", _ROWS)
    edited = write_manifest(tmp_path / "edited.csv", _EDITED)
    cuts = [(await recorded(disk, manifest), manifest) for manifest in (first, edited)]
    (in_memory / "killed").mkdir()
    write_tree(cuts[0][0].state_after(0.4), in_memory / "killed")
    cuts.append((await recorded(in_memory / "killed", first), first))
    states = _distinct(cuts, most=size(nightly=12_000, usual=60))
    resumed = size(nightly=500, usual=2)
    for number, state in enumerate(states):
        place = in_memory / "state"
        place.mkdir()
        write_tree(state.tree, place)
        assert invariant_violations(place / "results", state.acknowledged) == [], f"state {number}"
        if number < resumed:
            await _finish(place, state.manifest, service)
        shutil.rmtree(place)
    report("power_cuts", {"crash_states": len(states), "lost_or_torn": 0, "resumed_to_the_end": resumed})


def _distinct(cuts: list[tuple[PowerLoss, Path]], *, most: int) -> list[State]:
    dice = random.Random(SEED)
    found: dict[int, State] = {}
    per_point = 1 + 5 * most // sum(len(log.log) for log, _ in cuts)
    for log, manifest in cuts:
        for acknowledged, tree in log.states(dice, per_point=per_point):
            found.setdefault(hash((acknowledged, *tree.items())), State(tree, acknowledged, manifest))
    states = list(found.values())
    dice.shuffle(states)
    assert len(states) >= most
    return states[:most]


async def _finish(place: Path, manifest: Path, service: SpeechService) -> None:
    """The next run completes without repeating a call whose answer is stored."""
    kept = sum(1 for _ in (place / "results" / "answers").glob("?/*.answer"))
    service.reset_calls()
    assert (await execute(RunSpec(str(manifest), place / "results", Settings()))).exit_code == 0
    assert violations(place / "results") == []
    assert set(statuses(place / "results").values()) == {"done"}
    assert len(service.requested) <= max(0, _CALLS - kept) + (manifest.name == "edited.csv")
