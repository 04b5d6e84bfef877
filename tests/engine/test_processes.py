"""Worker processes: a crash fails one call, a late request is cancelled, and none outlives its server."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.engine.requests import SENTENCE, client, speech, speech_body
from voicemill.engine.app import create_app
from voicemill.engine.settings import EngineSettings
from voicemill.processes.work_deadline import cpu_time_s

LONG = " ".join([SENTENCE] * 250)
PATIENCE_S = 120.0

SERVER = """
import asyncio, sys
from tests.engine.requests import client, speech
from voicemill.engine.app import create_app
from voicemill.engine.settings import EngineSettings

async def main():
    app = create_app(EngineSettings(workers=2))
    async with client(app) as api:
        await asyncio.gather(speech(api), speech(api))
        print(*app.state.engine.workers.pids, flush=True)
        {then}
asyncio.run(main())
"""
IDLES = "sys.stdin.read()"
WORKS = "await asyncio.gather(*(speech(api, 'And on and on it goes. ' * 800) for _ in range(2)))"
EXITS = "pass"


def children(pid: int) -> list[int]:
    """The process ids of all descendants."""
    found = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in map(int, task.read_text().split()):
            found += [child, *children(child)]
    return found


def running(pid: int) -> bool:
    """Whether a process exists and is not a zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def until(condition: Callable[[], bool]) -> None:
    """Wait for a condition; fails after two minutes."""
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, "the condition was not met"
        time.sleep(0.005)


async def worker_pid(engine: Any) -> int:
    """The id of the engine's one worker, once it has a synthesizer."""
    await asyncio.to_thread(until, lambda: any(children(pid) for pid in engine.workers.pids))
    (pid,) = engine.workers.pids
    return int(pid)


async def worker_at_work(engine: Any) -> int:
    """The id of the engine's one worker, once it works on a request: one killed before is replaced."""
    await asyncio.to_thread(until, lambda: engine.workers.busy == 1)
    pid = await worker_pid(engine)
    before_s = cpu_time_s(pid)
    await asyncio.to_thread(until, lambda: cpu_time_s(pid) > before_s + 0.05)
    return pid


@pytest.fixture
async def engine() -> Any:
    """An engine with one worker."""
    app = create_app(EngineSettings(workers=1))
    yield app.state.engine, client(app, version="2026-03-01")
    await app.state.engine.close()


async def test_listing_voices_starts_no_process(engine: Any) -> None:
    """Workers start on first use."""
    owner, api = engine
    assert (await api.get("/voices")).status_code == 200
    assert owner.workers.pids == []


@pytest.mark.parametrize("sent", [signal.SIGKILL, signal.SIGSEGV])
async def test_killed_worker_fails_one_call(engine: Any, sent: signal.Signals) -> None:
    """The running call gets a 500; the waiting call and the next call succeed."""
    owner, api = engine
    expected = await speech(api)
    call = asyncio.create_task(api.post("/tts/bytes", json=speech_body(LONG[:19_000])))
    pid = await worker_at_work(owner)
    waiting = asyncio.create_task(speech(api))
    os.kill(pid, sent)
    response = await call
    assert response.status_code == 500
    assert response.json()["message"] == "The worker of this request ended unexpectedly. Retry."
    assert await waiting == expected
    assert await speech(api) == expected


async def test_killed_synthesizer_fails_one_call(engine: Any) -> None:
    """The worker survives and starts another synthesizer."""
    owner, api = engine
    expected = await speech(api)
    worker = await worker_pid(owner)
    call = asyncio.create_task(api.post("/tts/bytes", json=speech_body(LONG[:19_000])))
    await worker_at_work(owner)
    for synthesizer in children(worker):
        os.kill(synthesizer, signal.SIGKILL)
    response = await call
    assert response.status_code == 500
    assert "synthesizer" in response.json()["message"]
    assert await speech(api) == expected
    assert await worker_pid(owner) == worker


async def test_worker_killed_while_idle_fails_no_call(engine: Any) -> None:
    """The next call starts another worker."""
    owner, api = engine
    expected = await speech(api)
    pid = await worker_pid(owner)
    os.kill(pid, signal.SIGKILL)
    os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
    assert await speech(api) == expected


async def test_late_request_is_a_504_and_its_worker_is_killed(engine: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The next request gets a new worker."""
    owner, api = engine
    expected = await speech(api)
    pid = await worker_pid(owner)
    os.kill(pid, signal.SIGSTOP)
    with monkeypatch.context() as limits:
        limits.setattr(owner.workers, "_timeout_s", 2)  # only for this request: a new worker may need longer to start
        response = await api.post("/tts/bytes", json=speech_body())
    assert response.status_code == 504
    assert "cancelled after 2 seconds" in response.text
    assert not running(pid)
    assert await speech(api) == expected


async def test_a_cancelled_call_stops_its_work(engine: Any) -> None:
    """The worker of a cancelled call is killed; the next call gets a fresh one, and no error is left."""
    owner, api = engine
    expected = await speech(api)
    call = asyncio.create_task(api.post("/tts/bytes", json=speech_body(LONG[:19_000])))
    pid = await worker_at_work(owner)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    await asyncio.to_thread(until, lambda: not running(pid) and owner.workers.busy == 0)
    assert await speech(api) == expected


async def test_close_ends_every_process_and_fails_running_calls() -> None:
    """Workers and their synthesizers are gone when `close` returns; later requests are refused."""
    app = create_app(EngineSettings(workers=1))
    async with client(app) as api:
        call = asyncio.create_task(api.post("/tts/bytes", json=speech_body(LONG[:19_000])))
        pid = await worker_at_work(app.state.engine)
        processes = [pid, *children(pid)]
        await app.state.engine.close()
        assert (await call).status_code == 500
        until(lambda: not any(map(running, processes)))
        refused = await api.post("/tts/bytes", json=speech_body())
        assert refused.status_code == 503
        assert "shut down" in refused.text


@pytest.mark.parametrize(
    ("then", "kills"), [(IDLES, True), (WORKS, True), (EXITS, False)], ids=["idle", "busy", "exit"]
)
def test_workers_die_with_their_server(then: str, kills: bool) -> None:
    """After SIGKILL of the idle or busy server, and after an exit without `close`, no process remains."""
    server = subprocess.Popen(
        [sys.executable, "-c", SERVER.replace("{then}", then)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert server.stdout is not None
    workers = [int(pid) for pid in server.stdout.readline().split()]
    assert len(workers) == 2
    processes = [*workers, *(child for worker in workers for child in children(worker))]
    if kills:
        server.kill()
    _, errors = server.communicate()
    assert b"Error" not in errors
    until(lambda: not any(map(running, processes)))
