"""Budgets and selections: spending across kills and reruns, and the rows left for another run."""

import asyncio
import json
from itertools import pairwise

import pytest

from tests.hostile_server import Call, Reply
from tests.hostile_speech import Speaker, error_reply, speech
from tests.pipeline.shard_runs import ShardRuns, spoken_rows
from voicemill.config import Budget, Settings
from voicemill.errors import BudgetReached, ExitCode, StorageError
from voicemill.model import Status
from voicemill.pipeline.limiter_setup import limits_of, price_plan
from voicemill.pipeline.selection import Chosen
from voicemill.store.spend_ledger import Ledger

DONE, FAILED, REFUSED, NOT_STARTED = Status
ROWS = spoken_rows(*(f"Row {number:03d}." for number in range(100)))
CREDITS = 8.0


def spent(shard_runs: ShardRuns) -> dict[str, float]:
    """The spending in the folder's ledger."""
    ledger: dict[str, float] = json.loads(shard_runs.results.spent.read_text())
    return ledger


async def test_credit_budget_holds_across_runs(shard_runs: ShardRuns) -> None:
    """A run ends at its budget, a rerun spends nothing, a larger budget continues, and no budget finishes the rest."""
    rows = ROWS[:40]
    for budget, done in ((200.0, 25), (200.0, 25), (210.0, 26), (240.0, 30)):
        worked = await shard_runs.run(rows, budget={"max_credits": budget})
        assert isinstance(worked.context.fatal, BudgetReached)
        assert worked.context.fatal.exit_code is ExitCode.BUDGET
        assert (len(worked.ended(DONE)), len(worked.ended(NOT_STARTED))) == (done, 40 - done)
        assert len(shard_runs.server.calls) == done
        assert spent(shard_runs) == {"credits": done * CREDITS, "calls": done}
    assert len((await shard_runs.run(rows)).ended(DONE)) == 40
    assert spent(shard_runs) == {"credits": 40 * CREDITS, "calls": 40}


async def test_call_budget_includes_retries(shard_runs: ShardRuns) -> None:
    """No more requests than allowed reach the service, including failed ones."""
    shard_runs.server.script = Speaker(fault_rate=0.3, seed=3)
    worked = await shard_runs.run(ROWS, budget={"max_calls": 40}, pace={"attempt_deadline_s": 1.0})
    assert len(shard_runs.server.calls) == 40 == spent(shard_runs)["calls"]
    assert isinstance(worked.context.fatal, BudgetReached)


async def test_unbilled_calls_are_refunded(shard_runs: ShardRuns) -> None:
    """Refused and throttled calls cost no credits; calls that may have been billed do."""

    def script(call: Call) -> Reply:
        if call.number <= 10:
            return error_reply(429, "Too many", "Wait.", "concurrency_limited", Retry_After="0")
        return error_reply(400, "No", "Not this") if call.number <= 20 else speech(call)

    shard_runs.server.script = script
    await shard_runs.run(ROWS)
    assert spent(shard_runs) == {"credits": 90 * CREDITS, "calls": 110}
    shard_runs.server.script = lambda _: error_reply(500, "Bad", "luck")
    worked = await shard_runs.run(spoken_rows(*(f"Bad {number:03d}." for number in range(4))), pace={"attempts": 2})
    assert len(worked.ended(FAILED)) == 4
    assert spent(shard_runs) == {"credits": 98 * CREDITS, "calls": 118}


async def test_killed_run_has_spent_its_calls_in_flight(shard_runs: ShardRuns) -> None:
    """After a kill the next run counts the calls in flight as spent, so that both stay within the budget."""
    shard_runs.server.script = Speaker(latency_s=30.0)
    run = asyncio.create_task(shard_runs.run(ROWS))
    while len(shard_runs.server.calls) < 4:
        await asyncio.sleep(0.01)
    run.cancel()
    with pytest.raises(asyncio.CancelledError):
        await run
    assert spent(shard_runs) == {"credits": 4 * CREDITS, "calls": 4}
    shard_runs.server.script = speech
    worked = await shard_runs.run(ROWS, budget={"max_credits": 10 * CREDITS})
    assert len(worked.ended(DONE)) == 6


async def test_run_ends_after_its_time_limit(shard_runs: ShardRuns) -> None:
    """After the time limit no call starts, and calls in flight are completed."""
    shard_runs.server.script = Speaker(latency_s=1.0)
    worked = await shard_runs.run(ROWS, budget={"max_duration_s": 3.0})
    assert isinstance(worked.context.fatal, BudgetReached)
    assert 0 < len(worked.ended(DONE)) == len(shard_runs.server.calls) < 100


async def test_damaged_ledger_stops_the_run(shard_runs: ShardRuns) -> None:
    """With a damaged ledger the run stops before its first call and names the file and the remedy."""
    await shard_runs.run(ROWS[:1])
    shard_runs.results.spent.write_text("?")
    with pytest.raises(StorageError, match=r"spent\.json is damaged.*remove it to count from 0"):
        await shard_runs.run(ROWS)
    assert len(shard_runs.server.calls) == 1


def test_ledger_stores_any_amount(shard_runs: ShardRuns) -> None:
    """Small and huge amounts take the same space in the file and are read back unchanged."""
    shard_runs.results.create()
    ledger = Ledger(shard_runs.results.spent)
    for credits, calls in ((0.0, 0), (1e12, 10**9), (12.5, 3)):
        ledger.write(credits, calls)
        ledger.sync()
        assert ledger.read() == (credits, calls)
        assert shard_runs.results.spent.stat().st_size == 64
    ledger.close()


async def test_sample_first_and_the_rest_later(shard_runs: ShardRuns) -> None:
    """`--sample` selects rows across the manifest, `--first` the first rows, and a run without them makes the rest."""
    worked = await shard_runs.run(ROWS, budget={"sample_rows": 10})
    assert worked.ended(DONE) == [f"row{number}" for number in range(10, 101, 10)]
    assert {item["error_code"] for item in worked.items if item["status"] == NOT_STARTED} == {"not_chosen"}
    worked = await shard_runs.run(ROWS, budget={"first_rows": 5})
    assert len(worked.ended(DONE)) == 15
    assert worked.context.fatal is None
    assert len((await shard_runs.run(ROWS)).ended(DONE)) == 100 == len(shard_runs.server.calls)


@pytest.mark.parametrize("rows", [1, 7, 100, 1001])
@pytest.mark.parametrize("sample", [1, 3, 7, 99, 5000])
@pytest.mark.parametrize("first", [0, 1, 50])
def test_sample_has_the_requested_size(rows: int, sample: int, first: int) -> None:
    """A sample has the requested number of rows, if there are enough, at even distances."""
    chosen = Chosen.of(Budget(sample_rows=sample, first_rows=first), rows)
    positions = [position for position in range(rows) if position in chosen]
    there = min(rows, first or rows)
    assert len(positions) == min(sample, there)
    assert all(position < there for position in positions)
    steps = {after - before for before, after in pairwise(positions)}
    assert not steps or max(steps) - min(steps) <= 1


def test_money_is_converted_at_the_plans_price() -> None:
    """Five dollars buy the credits that the plan sells for five dollars; without a price there is no amount."""
    settings = Settings.model_validate({"pace": {"plan": "Pro"}, "budget": {"max_cost_usd": 2.5, "max_credits": 1e6}})
    assert limits_of(settings.budget, price_plan(settings.pace)).credits == 50_000
    for plan in ("", "free"):
        with pytest.raises(ValueError, match="needs the price of a plan"):
            Settings.model_validate({"pace": {"plan": plan}, "budget": {"max_cost_usd": 1}})
