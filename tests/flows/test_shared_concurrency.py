"""One concurrency limit for several processes, through a real Prefect server: enforced, shared fairly, no slot lost."""

import asyncio
import math
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from prefect.client.orchestration import PrefectClient, get_client

from flows.shared_concurrency import shared_slots
from tests.flows.commands import InThisProcess
from tests.flows.results import short_rows, statuses, write_manifest
from tests.flows.speech_service import SpeechService
from tests.waiting import PATIENCE_S, wait_until
from voicemill.errors import VoicemillError
from voicemill.limits.adaptive_concurrency import Bounds
from voicemill.limits.concurrency import ConcurrencyLimiter

SLOTS = 12
LIFETIME_S = 900.0
"""The time after which a worker exits if the test has not ended it before."""

WINDOW = 200
"""The number of latest calls over which the shares are compared: at full speed they take one second."""


class Workers(NamedTuple):
    """Processes that share a limit, and the one that has forked them."""

    pids: list[int]
    parent: subprocess.Popen[str]


@contextmanager
def workers(name: str, api_url: str, log: Path, count: int, seconds: float) -> Iterator[Workers]:
    """Processes that share the limit `name`; those still running at the end are killed."""
    command = [sys.executable, "-m", "tests.flows.sharing_worker", name, str(log), str(seconds), str(SLOTS), str(count)]
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2]), "PREFECT_API_URL": api_url}
    pipe = subprocess.PIPE
    with subprocess.Popen(command, env=environment, stdout=pipe, text=True, start_new_session=True) as parent:
        try:
            assert parent.stdout is not None
            yield Workers([int(pid) for pid in parent.stdout.readline().split()], parent)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(parent.pid, signal.SIGKILL)


def events(log: Path) -> list[tuple[int, str, float]]:
    """The events that the workers logged, in order of time."""
    lines = (line.split() for line in log.read_text().splitlines())
    return sorted(((int(pid), event, float(at_s)) for pid, event, at_s in lines), key=lambda event: event[2])


def peak_concurrency(log: Path, killed_s: float = math.inf) -> int:
    """The highest number of calls in flight at the same time; a call without an end ended at `killed_s`."""
    calls = events(log)
    begun = Counter(pid for pid, event, _ in calls if event == "begin")
    begun.subtract(pid for pid, event, _ in calls if event == "end")
    calls += [(pid, "end", killed_s) for pid in begun.elements()]
    current = peak = 0
    for _, event, _ in sorted(calls, key=lambda call: call[2]):
        current += 1 if event == "begin" else -1
        peak = max(peak, current)
    return peak


def calls_since(log: Path, since_s: float) -> Counter[int]:
    """How many calls each worker has begun since `since_s`."""
    return Counter(pid for pid, event, at_s in events(log) if event == "begin" and at_s >= since_s)


async def slots_in_use(name: str) -> tuple[int, int]:
    """How many slots of the limit are leased, and how many runs share it."""
    async with get_client() as client:
        limit = await client.read_global_concurrency_limit_by_name(f"{name}-tts")
        runs = await client.read_global_concurrency_limit_by_name(f"{name}-tts-runs")
        return limit.active_slots, runs.active_slots


def is_fair(log: Path, count: int) -> bool:
    """Whether each worker made about as many of the latest calls."""
    begun = [pid for pid, event, _ in events(log)[-2 * WINDOW :] if event == "begin"]
    shares = Counter(begun).values()
    return len(shares) == count and min(shares) >= 0.4 * max(shares)


def test_workers_share_a_limit(prefect_server: str, tmp_path: Path) -> None:
    """Three processes never exceed the limit of twelve, reach equal shares, and release all slots at the end."""
    log = tmp_path / "calls"
    log.touch()
    with workers("shared", prefect_server, log, 3, LIFETIME_S) as started:
        wait_until(lambda: is_fair(log, 3), "equal shares")
        for pid in started.pids:
            os.kill(pid, signal.SIGTERM)
        assert started.parent.wait(PATIENCE_S) == 0
    assert peak_concurrency(log) <= SLOTS
    assert asyncio.run(slots_in_use("shared")) == (0, 0)


async def test_slots_granted_while_a_run_ends_are_released(
    prefect_server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run that ends before Prefect's response arrives still releases the slots that it was granted."""
    granted, lease = asyncio.Event(), PrefectClient.increment_concurrency_slots_with_lease

    async def lease_and_respond_late(self: PrefectClient, names: list[str], *more: Any, **options: Any) -> Any:
        response = await lease(self, names, *more, **options)
        if names == ["late-tts"]:
            granted.set()
            await asyncio.sleep(0.3)
        return response

    monkeypatch.setattr(PrefectClient, "increment_concurrency_slots_with_lease", lease_and_respond_late)
    limiter = ConcurrencyLimiter("tts", Bounds.exactly(SLOTS), lambda _line: None)
    stopped: list[VoicemillError] = []
    async with shared_slots("late", {"tts": limiter}, {"tts": SLOTS}, stopped.append):
        waiting = asyncio.create_task(limiter.semaphore.acquire())
        await granted.wait()
        waiting.cancel()
    assert (await slots_in_use("late"), stopped) == ((0, 0), [])


@pytest.mark.skipif(float(os.environ.get("FAULTS", "0")) < 1, reason="leases last a minute: runs with FAULTS=1")
def test_slots_of_a_killed_worker_are_released(prefect_server: str, tmp_path: Path) -> None:
    """A killed worker holds its slots until its leases expire; then the other workers get them."""
    log = tmp_path / "calls"
    with workers("three", prefect_server, log, 3, LIFETIME_S) as started:
        wait_until(lambda: log.exists() and len(calls_since(log, 0.0)) == 3, "calls of all workers")
        wait_until(lambda: asyncio.run(slots_in_use("three")) == (SLOTS, 3), "all slots leased by three workers")
        os.kill(started.pids[0], signal.SIGKILL)
        killed_s = time.monotonic()
        wait_until(lambda: asyncio.run(slots_in_use("three"))[1] == 2, "the end of the killed worker's lease")
        wait_until(lambda: asyncio.run(slots_in_use("three")) == (SLOTS, 2), "all slots leased by two workers")
    assert peak_concurrency(log, killed_s) <= SLOTS


def test_run_with_a_plan_creates_the_shared_limit(voicemill: InThisProcess, service: SpeechService) -> None:
    """A run with a plan creates a missing shared limit, leases its slots and releases them."""
    write_manifest(Path("book.csv"), short_rows(30))
    result = voicemill("run", "book.csv", "--shared-limit", "desk", "--plan", "startup")
    assert result.code == 0
    assert set(statuses(Path("results/book")).values()) == {"done"}
    assert asyncio.run(slots_in_use("desk")) == (0, 0)


def test_run_without_a_plan_refuses_a_missing_limit(voicemill: InThisProcess, service: SpeechService) -> None:
    """Without a plan the limit must exist: the error gives the command to create it, and no call is made."""
    write_manifest(Path("book.csv"), short_rows(3))
    result = voicemill("run", "book.csv", "--shared-limit", "missing")
    assert result.code == 2
    assert "prefect gcl create missing-tts --limit N" in result.stdout
    assert service.requested == []
