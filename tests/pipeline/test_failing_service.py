"""A service that fails, throttles or is down: the number of calls, the rows' outcomes and the end of the run."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest

from tests.hostile_server import Call, End, Reply
from tests.hostile_speech import FAULTS, Speaker, error_reply, speech, speech_for
from tests.pipeline.shard_runs import RATE_HZ, ShardRuns, spoken_rows
from voicemill.errors import ExitCode, RepeatedRefusals, ServiceDown
from voicemill.model import Status

DONE, FAILED, REFUSED, NOT_STARTED = Status
BRIEF = {"cool_down_s": 0.05, "give_up_after_s": 0.3, "max_concurrency": 8}
OPENING = 3 * 8
"""The number of consecutive failures that opens the circuit breaker at this concurrency."""
FAILURES: dict[str, Callable[[Call], Reply]] = {
    "500": lambda _: error_reply(500, "Internal server error", "Try again."),
    "503 with Retry-After": lambda _: error_reply(503, "Unavailable", "Wait.", Retry_After="0"),
    "429": lambda _: error_reply(429, "Too many", "Wait.", "concurrency_limited"),
    "resets": lambda call: replace(speech(call), end=End.RESET),
    "a web page": lambda _: Reply(200, [("Content-Type", "text/html")], b"<html>Log in</html>"),
}


def failing_for_all(failure: str, rows: int) -> Callable[[Call], Awaitable[Reply]]:
    """A failing service that responds only after the given number of different rows have sent requests."""
    requested: set[str | None] = set()
    all_asked = asyncio.Event()

    async def script(call: Call) -> Reply:
        requested.add(call.transcript)
        if len(requested) >= rows:
            all_asked.set()
        await all_asked.wait()
        return FAILURES[failure](call)

    return script


@pytest.mark.parametrize("failure", FAILURES)
async def test_service_that_is_down_gets_few_calls(shard_runs: ShardRuns, failure: str) -> None:
    """If every call fails, there are fewer than 1.2 calls per row, the run ends as down, and no row fails."""
    rows = spoken_rows(*(f"Row {number}." for number in range(60)))
    shard_runs.server.script = failing_for_all(failure, 8)
    worked = await shard_runs.run(rows, pace=BRIEF)
    # The failures that open the circuit breaker, the calls in flight then, and probes after 0.05, 0.1, 0.2 s.
    assert len(shard_runs.server.calls) <= OPENING + 8 + 5 < 1.2 * len(rows)
    assert isinstance(worked.context.fatal, ServiceDown)
    assert worked.context.fatal.exit_code is ExitCode.SERVICE_DOWN
    assert worked.ended(NOT_STARTED) == [row.id for row in rows]


@pytest.mark.parametrize("failure", FAILURES)
async def test_few_rows_do_not_fail_during_an_outage(shard_runs: ShardRuns, failure: str) -> None:
    """If no row was answered when the first would give up, the rows wait and are left unfinished."""
    rows = spoken_rows(*(f"Row {number}." for number in range(5)))
    shard_runs.server.script = failing_for_all(failure, len(rows))
    worked = await shard_runs.run(rows, pace=BRIEF | {"attempts": 3})
    assert isinstance(worked.context.fatal, ServiceDown)
    assert worked.ended(NOT_STARTED) == [row.id for row in rows]


async def test_single_bad_row_fails_alone(shard_runs: ShardRuns) -> None:
    """A row that always fails uses its attempts, also at the end of a run, and all other rows are done."""
    rows = spoken_rows(*(f"Row {number}." for number in range(30)))
    bad = rows[7]

    def script(call: Call) -> Reply:
        return FAILURES["500"](call) if call.transcript == bad.speech.text else speech(call)

    shard_runs.server.script = script
    for requested in (6, 12):
        worked = await shard_runs.run(rows, pace=BRIEF)
        assert (worked.ended(FAILED), len(worked.ended(DONE)), worked.context.fatal) == ([bad.id], 29, None)
        assert sum(call.transcript == bad.speech.text for call in shard_runs.server.calls) == requested


async def test_consecutive_bad_rows_are_not_an_outage(shard_runs: ShardRuns) -> None:
    """Ten consecutive bad rows may look like an outage until another row is answered."""
    rows = spoken_rows(*(f"Row {number}." for number in range(60)))
    bad = {row.speech.text for row in rows[20:30]}

    def script(call: Call) -> Reply:
        return FAILURES["500"](call) if call.transcript in bad else speech(call)

    shard_runs.server.script = script
    worked = await shard_runs.run(rows, pace=BRIEF | {"attempts": 2, "max_concurrency": 1, "give_up_after_s": 600})
    assert len(worked.ended(DONE)) == 50
    assert worked.ended(FAILED) == [row.id for row in rows[20:30]]


SOME_BAD = frozenset(f"Row {number}." for number in range(20, 52, 4))
"""Eight rows, with others after each of them."""
SLOWLY_AGAIN = {"max_concurrency": 1, "first_wait_s": 0.5, "longest_wait_s": 0.5, "attempts": 3}


async def test_bad_rows_at_the_end_are_not_an_outage(shard_runs: ShardRuns) -> None:
    """Eight remaining rows that failed while others succeeded fail, and the run completes."""
    shard_runs.server.script = lambda call: FAILURES["500"](call) if call.transcript in SOME_BAD else speech(call)
    rows = spoken_rows(*(f"Row {number}." for number in range(60)))
    worked = await shard_runs.run(rows, pace=BRIEF | SLOWLY_AGAIN)
    assert (len(worked.ended(DONE)), len(worked.ended(FAILED)), worked.context.fatal) == (52, 8, None)
    assert len(shard_runs.server.calls) == 52 + 3 * 8
    assert not any("the service is down" in line for line in shard_runs.logged)


async def test_bad_rows_do_not_fail_during_an_outage(shard_runs: ShardRuns) -> None:
    """If the service goes down after those rows, new calls reveal the outage, and no row fails."""

    def script(call: Call) -> Reply:
        return FAILURES["500"](call) if call.number > 35 or call.transcript in SOME_BAD else speech(call)

    shard_runs.server.script = script
    rows = spoken_rows(*(f"Row {number}." for number in range(60)))
    # Each waits long for its next attempt, so that none has had them all before the service goes.
    worked = await shard_runs.run(rows, pace=BRIEF | {"max_concurrency": 1, "first_wait_s": 30, "longest_wait_s": 30})
    assert isinstance(worked.context.fatal, ServiceDown)
    assert worked.ended(FAILED) == []
    assert len(worked.ended(DONE)) + len(worked.ended(NOT_STARTED)) == 60


async def test_invalid_audio_is_not_an_outage(shard_runs: ShardRuns) -> None:
    """If the service returns silence for these texts it is not down, and each row fails separately."""
    shard_runs.server.script = lambda call: FAULTS["silence"](speech(call))
    worked = await shard_runs.run(spoken_rows(*(f"Row {number}." for number in range(20))), pace=BRIEF)
    assert (len(worked.ended(FAILED)), worked.context.fatal) == (20, None)
    assert len(shard_runs.server.calls) == 40


async def test_one_run_finishes_the_rows_left_by_an_outage(shard_runs: ShardRuns) -> None:
    """The next run finishes the rows left by an outage with one call each."""
    rows = spoken_rows(*(f"Row {number}." for number in range(60)))
    shard_runs.server.script = FAILURES["500"]
    await shard_runs.run(rows, pace=BRIEF)
    night = len(shard_runs.server.calls)
    shard_runs.server.script = Speaker()
    assert len((await shard_runs.run(rows)).ended(DONE)) == 60
    assert len(shard_runs.server.calls) == night + 60


def failing_for(seconds: float, after_calls: int = 0) -> Callable[[Call], Reply]:
    """A service that fails from a given call on, for as many calls as open the circuit breaker."""
    failed_at: list[float] = []

    def script(call: Call) -> Reply:
        now_s = time.monotonic()
        if call.number <= after_calls or (len(failed_at) >= OPENING and now_s >= failed_at[0] + seconds):
            return speech(call)
        failed_at.append(now_s)
        return FAILURES["500"](call)

    return script


async def test_run_may_wait_for_the_service(shard_runs: ShardRuns) -> None:
    """A run configured to wait does not give up and continues when the service recovers."""
    rows = spoken_rows(*(f"Row {number}." for number in range(50)))
    shard_runs.server.script = failing_for(0.4)
    worked = await shard_runs.run(
        rows, pace=BRIEF | {"when_down": "wait", "give_up_after_s": 0.001, "cool_down_s": 0.01}
    )
    assert (len(worked.ended(DONE)), worked.context.fatal) == (50, None)
    assert any("the service is back" in line for line in shard_runs.logged)


async def test_long_retry_after_pauses_the_whole_run(shard_runs: ShardRuns) -> None:
    """During a wait above the cap only probes are sent, and none before its end."""
    rows = spoken_rows(*(f"Row {number}." for number in range(50)))
    shard_runs.server.script = lambda _: error_reply(
        429, "Too many", "Wait.", "concurrency_limited", Retry_After="3600"
    )
    worked = await shard_runs.run(rows, pace=BRIEF)
    assert len(shard_runs.server.calls) <= 8
    assert worked.ended(NOT_STARTED) == [row.id for row in rows]
    assert isinstance(worked.context.fatal, ServiceDown)


async def test_hidden_limit_is_found_by_a_run(shard_runs: ShardRuns) -> None:
    """All rows are done with a service that accepts 6 concurrent calls and counts each slightly longer."""
    shard_runs.server.script = Speaker(latency_s=0.25, limit=6)
    rows = spoken_rows(*(f"Row {number}." for number in range(150)))
    worked = await shard_runs.run(rows, pace={"max_concurrency": "auto"})
    assert len(worked.ended(DONE)) == 150
    refused = [call for call in shard_runs.server.calls if call.status == 429]
    assert 0 < len(refused) < 0.2 * len(shard_runs.server.calls)
    assert max(call.in_flight for call in shard_runs.server.calls) <= 9
    assert 4 <= worked.context.limiter.by_family["tts"].state.slots <= 8
    assert any("8 concurrent calls were throttled" in line for line in shard_runs.logged)


async def test_repeated_refusal_ends_the_run(shard_runs: ShardRuns) -> None:
    """If all rows are refused for the same reason, the run stops with one message, and the rest is not started."""
    shard_runs.server.script = lambda _: error_reply(404, "Not found", "No such model.", "model_not_found")
    rows = spoken_rows(*(f"Row {number}." for number in range(300)))
    worked = await shard_runs.run(rows, pace={"max_concurrency": 4})
    assert isinstance(worked.context.fatal, RepeatedRefusals)
    assert "25 calls in a row were refused with code model_not_found" in str(worked.context.fatal)
    assert "No such model." in str(worked.context.fatal)
    assert len(shard_runs.server.calls) <= 25 + 4
    assert len(worked.ended(NOT_STARTED)) >= 300 - 29


async def test_refusals_between_answers_do_not_end_the_run(shard_runs: ShardRuns) -> None:
    """Refusals do not end a run while other rows are answered, or if that is disabled."""
    shard_runs.server.script = lambda call: (
        speech(call) if call.number % 9 == 0 else error_reply(400, "No", "Not this", "no")
    )
    rows = spoken_rows(*(f"Row {number}." for number in range(90)))
    assert len((await shard_runs.run(rows)).ended(REFUSED)) == 80
    shard_runs.server.script = lambda _: error_reply(400, "No", "Not this", "no")
    others = spoken_rows(*(f"Other row {number}." for number in range(60)))
    assert len((await shard_runs.run(others, pace={"same_refusals": 0})).ended(REFUSED)) == 60


async def test_refused_call_is_made_once(shard_runs: ShardRuns) -> None:
    """A hundred rows with the same refused text make one call, and each row has the reason."""
    shard_runs.server.script = lambda _: error_reply(400, "No", "Not these words", "bad_words")
    worked = await shard_runs.run(spoken_rows(*["The same words."] * 100))
    assert len(shard_runs.server.calls) == 1
    assert len(worked.ended(REFUSED)) == 100
    assert {item["error_code"] for item in worked.items} == {"bad_words"}


class Mix:
    """A third of the replies are faulty: errors, waits, cut bodies, stalls, web pages and noise."""

    def __init__(self, seed: int) -> None:
        self.speaker = Speaker(fault_rate=0.3, seed=seed)

    def __call__(self, call: Call) -> Reply:
        """The speaker's reply, with some faults replaced by worse ones."""
        reply = self.speaker(call)
        if reply.status == 429 and call.number % 2:
            return error_reply(429, "Too many requests", "Wait.", "concurrency_limited")
        if reply.end is End.CLOSED_CUT:
            return replace(reply, end=End.STALL)
        if reply.body.startswith(b"<html>"):
            return Reply(200, (), bytes(range(256)) * 40)
        return reply


@pytest.mark.parametrize("seed", [1, 2])
async def test_mixed_faults_with_adaptive_concurrency(seed: int, shard_runs: ShardRuns) -> None:
    """With 30 % faulty replies every row ends, done rows have the exact audio, and calls stay within the bound."""
    mix = shard_runs.server.script = Mix(seed)
    rows = spoken_rows(*(f"Row number {number} of the mix." for number in range(120)))
    pace = {"max_concurrency": "auto", "stall_s": 5.0, "longest_wait_s": 0.05}
    worked = await shard_runs.run(rows, pace=pace)
    done, failed = worked.ended(DONE), worked.ended(FAILED)
    assert sorted(done + failed) == sorted(row.id for row in rows)
    for row in rows:
        if row.id in done:
            assert shard_runs.file(row) == speech_for(row.speech.text, RATE_HZ)
    calls, injected = len(shard_runs.server.calls), sum(mix.speaker.faults.values())
    assert len(mix.speaker.faults) > len(FAULTS) - 3
    assert 0.2 * calls < injected == calls - worked.context.stats.calls_kept
    # Each failed attempt is followed by at most one more, and a row has at most six attempts.
    assert calls <= len(rows) + injected <= 6 * len(rows)
    assert len(failed) <= 0.15 * len(rows)


async def test_service_that_is_down_temporarily(shard_runs: ShardRuns) -> None:
    """After an outage with more failures than a row has attempts, every row is done."""
    shard_runs.server.script = failing_for(0.5, after_calls=60)
    worked = await shard_runs.run(
        spoken_rows(*(f"Row {number}." for number in range(150))), pace=BRIEF | {"give_up_after_s": 600}
    )
    assert (len(worked.ended(DONE)), worked.context.fatal) == (150, None)
    assert worked.context.stats.retries >= OPENING


async def test_next_shard_starts_before_the_last_call_ends(shard_runs: ShardRuns) -> None:
    """Another shard may start while the calls of a shard that cannot use all slots are still in flight."""
    rows = spoken_rows(*(f"Row {number}." for number in range(30)))
    few_left_at: list[int] = []

    async def script(call: Call) -> Reply:
        while not few_left_at:
            await asyncio.sleep(0.005)
        return replace(speech(call), delay_s=0.05)

    shard_runs.server.script = script
    worked = await shard_runs.run(rows, on_few_left=lambda context: few_left_at.append(context.stats.rows_done))
    assert len(worked.ended(DONE)) == 30
    assert len(few_left_at) == 24
    assert few_left_at[0] == 0
    assert max(few_left_at) < 30


async def test_next_shard_waits_while_a_shard_can_use_all_slots(shard_runs: ShardRuns) -> None:
    """With 10 rows in each shard and 2 slots, another shard may start when 8 rows have ended."""
    rows = spoken_rows(*(f"Row {number}." for number in range(240)))
    few_left_at: list[int] = []
    await shard_runs.run(
        rows,
        on_few_left=lambda context: few_left_at.append(context.stats.rows_done),
        pace={"max_concurrency": 2},
    )
    assert len(few_left_at) == 24
    assert min(few_left_at) >= 8
