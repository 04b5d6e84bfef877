"""Runs against a service with faults in a third of its replies."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.faults.figures import SEED, SHARE, Report, size
from tests.faults.network_faults import PERMANENT, TRANSIENT, FaultInjector
from tests.hostile_server import HostileServer
from tests.hostile_speech import Speaker, speech_for
from tests.pipeline.shard_runs import RATE_HZ, ShardRuns, Worked, spoken_rows
from voicemill.model import Row, Status
from voicemill.store.answer_store import AnswerStore
from voicemill.store.results_folder import ResultsFolder

_ROWS = 300 if SHARE else 150
_ATTEMPTS = 6
_PACE = {"max_concurrency": 8, "attempts": _ATTEMPTS, "attempt_deadline_s": 3.0, "same_refusals": 0}


@dataclass
class CampaignStats:
    """The totals of a campaign."""

    rows: int = 0
    calls: int = 0
    injected: Counter[str] = field(default_factory=Counter)
    ended: Counter[str] = field(default_factory=Counter)

    @property
    def faults(self) -> int:
        """How many replies were faulty."""
        return self.injected.total()


async def test_faults_of_every_kind(tmp_path: Path, report: Report) -> None:
    """With 30 % faulty replies every row ends, done rows have the exact audio, and no faulty answer is stored."""
    least, stats, batch = size(nightly=10_000, usual=40), CampaignStats(), 0
    while stats.faults < least:
        batch += 1
        await _one_batch(tmp_path / str(batch), batch, stats)
    if least >= 1000:
        assert set(stats.injected) == {*TRANSIENT, *PERMANENT}
    report(
        "network",
        {
            "faults_injected": stats.faults,
            "kinds": len(stats.injected),
            "violations": 0,
            "rows": stats.rows,
            "calls": stats.calls,
            "rows_failed": stats.ended[Status.FAILED],
            "rows_refused": stats.ended[Status.REFUSED],
        },
    )


async def _one_batch(folder: Path, batch: int, stats: CampaignStats) -> None:
    injector = FaultInjector(SEED + batch, share=0.3)
    rows = spoken_rows(*(f"Batch {batch}, row {number}." for number in range(_ROWS)))
    with HostileServer(injector) as server:
        shard_runs = ShardRuns(server, ResultsFolder(folder))
        worked = await shard_runs.run(rows, pace=_PACE)
        assert _violations(shard_runs, worked, rows, injector) == []
        stats.rows += len(rows)
        stats.calls += len(server.calls)
        stats.injected += injector.injected
        stats.ended += Counter(item["status"] for item in worked.items)
        server.script = Speaker()
        again = await shard_runs.run([row for row in rows if row.speech.text not in injector.refused], pace=_PACE)
        assert {item["status"] for item in again.items} == {Status.DONE}


def _violations(shard_runs: ShardRuns, worked: Worked, rows: Sequence[Row], injector: FaultInjector) -> list[str]:
    """Violations of a run's guarantees."""
    found = [f"{path} was left behind" for path in shard_runs.results.path.rglob("*.partial")]
    ended = {item["id"]: item for item in worked.items}
    if list(ended) != [row.id for row in rows]:
        found.append("the rows of the table differ from those of the manifest")
    if max((injector.requested - injector.throttled).values()) > _ATTEMPTS:
        found.append("more calls were made than the policy allows")
    if worked.context.stats.calls_kept > injector.good.total():
        found.append("more answers were kept than were good")
    for row in rows:
        found += [f"{row.id}: {problem}" for problem in _problems_of(row, ended[row.id], shard_runs, injector)]
    return found + _invalid_answers(shard_runs, rows)


def _problems_of(row: Row, item: dict[str, object], shard_runs: ShardRuns, injector: FaultInjector) -> list[str]:
    file = shard_runs.results.path / row.file_name
    match item["status"]:
        case Status.DONE:
            is_correct = file.read_bytes() == speech_for(row.speech.text, RATE_HZ)
            return [] if is_correct else ["it is done, but its file differs from the audio of its transcript"]
        case Status.FAILED if item["error_code"] and item["error_message"] and not file.exists():
            return []
        case Status.REFUSED if row.speech.text in injector.refused and not file.exists():
            return []
    return [f"it ended as {item['status']}, {item['error_code']}"]


def _invalid_answers(shard_runs: ShardRuns, rows: Sequence[Row]) -> list[str]:
    folder = shard_runs.results.answers("")
    store, valid = AnswerStore(folder), {speech_for(row.speech.text, RATE_HZ) for row in rows}
    return [path.name for path in folder.glob("?/*.answer") if store.read(path.stem)[1] not in valid]
