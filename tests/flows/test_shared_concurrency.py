"""One limit for several processes, through a real Prefect server: kept by all, shared fairly, and never lost."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
from prefect.client.orchestration import PrefectClient, get_client

from flows.shared_concurrency import shared_slots
from tests.flows.commands import InThisProcess
from tests.flows.results import short_rows, statuses, write_manifest
from tests.flows.speech_service import SpeechService
from voicemill.errors import VoicemillError
from voicemill.limits.adaptive_concurrency import Bounds
from voicemill.limits.concurrency import ConcurrencyLimiter

SLOTS = 12
WINDOW = 600
"""Calls over which each worker must have its part: two seconds' worth where nothing holds them up."""


@contextmanager
def workers(name: str, api_url: str, log: Path, count: int, seconds: float) -> Iterator[list[subprocess.Popen[bytes]]]:
    """Processes that share the limit `name`, killed at the end where they did not end."""
    command = [sys.executable, "-m", "tests.flows.sharing_worker", name, str(log), str(seconds), str(SLOTS)]
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2]), "PREFECT_API_URL": api_url}
    with ExitStack() as stack:
        started = [stack.enter_context(subprocess.Popen(command, env=environment)) for _ in range(count)]
        try:
            yield started
        finally:
            for process in started:
                process.kill()


def events(log: Path) -> list[tuple[int, str, float]]:
    """What the workers noted, in the order in which it happened."""
    lines = (line.split() for line in log.read_text().splitlines())
    return sorted(((int(pid), event, float(at_s)) for pid, event, at_s in lines), key=lambda event: event[2])


def most_at_once(log: Path) -> int:
    """How many calls were ever under way together."""
    now = most = 0
    for _, event, _ in events(log):
        now += 1 if event == "begin" else -1
        most = max(most, now)
    return most


def calls_since(log: Path, since_s: float) -> Counter[int]:
    """How many calls each worker has begun since a moment."""
    return Counter(pid for pid, event, at_s in events(log) if event == "begin" and at_s >= since_s)


async def slots_in_use(name: str) -> tuple[int, int]:
    """How many slots of the limit are leased, and how many runs take part."""
    async with get_client() as client:
        limit = await client.read_global_concurrency_limit_by_name(f"{name}-tts")
        runs = await client.read_global_concurrency_limit_by_name(f"{name}-tts-runs")
        return limit.active_slots, runs.active_slots


def is_fair(log: Path, count: int) -> bool:
    """Whether, of the last calls, all workers had about as many."""
    begun = [pid for pid, event, _ in events(log)[-2 * WINDOW :] if event == "begin"]
    parts = Counter(begun).values()
    return len(parts) == count and min(parts) >= 0.4 * max(parts)


@pytest.mark.timeout(300)
def test_workers_share_a_limit(prefect_server: str, tmp_path: Path) -> None:
    """Four processes never exceed the limit of twelve, come to equal parts, and give all back at the end."""
    log = tmp_path / "calls"
    log.touch()
    with workers("four", prefect_server, log, 4, 240.0) as started:
        fair_by = time.monotonic() + 120
        while not is_fair(log, 4):
            assert time.monotonic() < fair_by
            time.sleep(0.5)
        for process in started:
            process.terminate()
        assert [process.wait(90) for process in started] == [0] * 4
    assert most_at_once(log) <= SLOTS
    assert asyncio.run(slots_in_use("four")) == (0, 0)


async def test_a_run_that_ends_while_it_takes_gives_back_what_it_took(
    prefect_server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Slots that Prefect grants while its response is still in transit are released, not left to expire."""
    granted, lease = asyncio.Event(), PrefectClient.increment_concurrency_slots_with_lease

    async def lease_and_answer_late(self: PrefectClient, names: list[str], *more: Any, **given: Any) -> Any:
        answer = await lease(self, names, *more, **given)
        if names == ["late-tts"]:
            granted.set()
            await asyncio.sleep(0.3)
        return answer

    monkeypatch.setattr(PrefectClient, "increment_concurrency_slots_with_lease", lease_and_answer_late)
    lane = ConcurrencyLimiter("tts", Bounds.exactly(SLOTS), lambda _line: None)
    stopped: list[VoicemillError] = []
    async with shared_slots("late", {"tts": lane}, {"tts": SLOTS}, stopped.append):
        waiting = asyncio.create_task(lane.slots.acquire())
        await granted.wait()
        waiting.cancel()
    assert (await slots_in_use("late"), stopped) == ((0, 0), [])


@pytest.mark.skipif(float(os.environ.get("FAULTS", "0")) < 1, reason="leases last a minute: FAULTS=1 tries it")
@pytest.mark.timeout(300)
def test_slots_of_the_dead_come_back(prefect_server: str, tmp_path: Path) -> None:
    """A worker that is killed holds its slots until its leases end; then the others have them."""
    log = tmp_path / "calls"
    with workers("three", prefect_server, log, 3, 150.0) as started:
        while not log.exists() or len(calls_since(log, 0.0)) < 3:
            time.sleep(0.2)
        time.sleep(6)
        started[0].send_signal(signal.SIGKILL)
        killed_s = time.monotonic()
        while asyncio.run(slots_in_use("three"))[1] > 2:
            assert time.monotonic() < killed_s + 120
            time.sleep(1)
        time.sleep(8)
        assert asyncio.run(slots_in_use("three")) == (SLOTS, 2)
        assert most_at_once(log) <= SLOTS


def test_a_run_keeps_to_a_shared_limit(voicemill: InThisProcess, service: SpeechService) -> None:
    """A run that names a limit asks Prefect for its slots, and makes the limit from the plan where there is none."""
    write_manifest(Path("book.csv"), short_rows(30))
    ended = voicemill("run", "book.csv", "--shared-limit", "desk", "--plan", "startup")
    assert ended.code == 0
    assert set(statuses(Path("results/book")).values()) == {"done"}
    assert asyncio.run(slots_in_use("desk")) == (0, 0)


def test_a_limit_of_unknown_size_is_not_made(voicemill: InThisProcess, service: SpeechService) -> None:
    """Without a plan a limit must be there; the message says how to make it, and no call is made."""
    write_manifest(Path("book.csv"), short_rows(3))
    ended = voicemill("run", "book.csv", "--shared-limit", "nobody-made-it")
    assert ended.code == 2
    assert "prefect gcl create nobody-made-it-tts --limit N" in ended.stdout
    assert service.asked == []
