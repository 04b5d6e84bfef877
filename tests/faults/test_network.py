"""Runs over a network and a service in which a third of everything goes wrong."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.faults.figures import SEED, Report, size
from tests.faults.network_faults import LASTING, PASSING, Trouble
from tests.hostile_server import HostileServer
from tests.hostile_speech import Speaker, speech_for
from tests.pipeline.shard_runs import RATE_HZ, ShardRuns, Worked, spoken_rows
from voicemill.model import Row, Status
from voicemill.store.answer_store import AnswerStore
from voicemill.store.results_folder import ResultsFolder

_ROWS = 300
_ATTEMPTS = 6
_PACE = {"max_concurrency": 32, "attempts": _ATTEMPTS, "attempt_deadline_s": 1.5, "same_refusals": 0}


@dataclass
class RunStats:
    """What a campaign did."""

    rows: int = 0
    calls: int = 0
    dealt: Counter[str] = field(default_factory=Counter)
    ended: Counter[str] = field(default_factory=Counter)

    @property
    def faults(self) -> int:
        """How many answers were faulty."""
        return self.dealt.total()


async def test_faults_of_every_kind(tmp_path: Path, report: Report) -> None:
    """30 % of the answers faulty: every row ends, done rows are right to the byte, and no bad file is let in."""
    wanted, stats, batch = size(nightly=10_000, usual=100), RunStats(), 0
    while stats.faults < wanted:
        batch += 1
        await _one_batch(tmp_path / str(batch), batch, stats)
    if wanted >= 1000:
        assert set(stats.dealt) == {*PASSING, *LASTING}
    report(
        "network",
        {
            "faults_injected": stats.faults,
            "kinds": len(stats.dealt),
            "violations": 0,
            "rows": stats.rows,
            "calls": stats.calls,
            "rows_failed": stats.ended[Status.FAILED],
            "rows_refused": stats.ended[Status.REFUSED],
        },
    )


async def _one_batch(folder: Path, batch: int, stats: RunStats) -> None:
    trouble = Trouble(SEED + batch, share=0.3)
    rows = spoken_rows(*(f"Batch {batch}, row {number}." for number in range(_ROWS)))
    with HostileServer(trouble) as server:
        shard_runs = ShardRuns(server, ResultsFolder(folder))
        worked = await shard_runs.run(rows, pace=_PACE)
        assert _violations(shard_runs, worked, rows, trouble) == []
        stats.rows += len(rows)
        stats.calls += len(server.calls)
        stats.dealt += trouble.dealt
        stats.ended += Counter(item["status"] for item in worked.items)
        server.script = Speaker()
        again = await shard_runs.run([row for row in rows if row.transcript not in trouble.refused], pace=_PACE)
        assert {item["status"] for item in again.items} == {Status.DONE}


def _violations(shard_runs: ShardRuns, worked: Worked, rows: Sequence[Row], trouble: Trouble) -> list[str]:
    """Where a run did other than it promises."""
    found = [f"{path} was left behind" for path in shard_runs.results.path.rglob("*.partial")]
    ended = {item["id"]: item for item in worked.items}
    if list(ended) != [row.id for row in rows]:
        found.append("the table has other rows than the manifest")
    if sum(trouble.requested.values()) > len(rows) * _ATTEMPTS or max(trouble.requested.values()) > _ATTEMPTS:
        found.append("more calls were made than the policy allows")
    if worked.context.stats.calls_kept > trouble.good.total():
        found.append("more answers were kept than were good")
    for row in rows:
        found += [f"{row.id}: {why}" for why in _faults_of(row, ended[row.id], shard_runs, trouble)]
    return found + _bad_answers(shard_runs, rows)


def _faults_of(row: Row, item: dict[str, object], shard_runs: ShardRuns, trouble: Trouble) -> list[str]:
    file = shard_runs.results.path / row.file_name
    match item["status"]:
        case Status.DONE:
            is_right = file.read_bytes() == speech_for(row.transcript, RATE_HZ)
            return [] if is_right else ["it is done, and its file is not what was spoken"]
        case Status.FAILED if item["error_code"] and item["error_message"] and not file.exists():
            return []
        case Status.REFUSED if row.transcript in trouble.refused and not file.exists():
            return []
    return [f"it ended as {item['status']}, {item['error_code']}"]


def _bad_answers(shard_runs: ShardRuns, rows: Sequence[Row]) -> list[str]:
    folder = shard_runs.results.answers("")
    store, right = AnswerStore(folder), {speech_for(row.transcript, RATE_HZ) for row in rows}
    return [path.name for path in folder.glob("?/*.answer") if store.read(path.stem)[1] not in right]
