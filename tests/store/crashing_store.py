"""Forks processes that store answers and crash at a fault point: `python -m tests.store.crashing_store`.

Reads JSON lines `{"folder": "...", "crash_at": 7, "count": 3}`. Each starts a process that opens the store, stores the
missing answers, and exits at its seventh fault point with the effect of SIGKILL. Returns
`{"code": 86, "acknowledged": ["kept 0", "committed 0", "kept 1"]}`, with the steps that it acknowledged before.
"""

import json
import os
import sys
from pathlib import Path
from typing import Any

from tests.store.receipts import key_of, receipt
from voicemill.store import durable_files as durable
from voicemill.store.answer_store import AnswerStore

CRASHED = 86


def body_of(name: str) -> bytes:
    """The body that is stored under a name."""
    return name.encode() * 1000


def serve() -> None:
    """Fork the requested processes until standard input ends."""
    for line in sys.stdin:
        sys.stdout.write(json.dumps(_run(json.loads(line))) + "\n")
        sys.stdout.flush()


def _run(request: dict[str, Any]) -> dict[str, Any]:
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            _keep(Path(request["folder"]), request["crash_at"], request["count"], writing)
            os._exit(0)
        finally:
            os._exit(70)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        acknowledged = pipe.read().splitlines()
    return {"code": os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), "acknowledged": acknowledged}


def _keep(folder: Path, crash_at: int, count: int, report: int) -> None:
    passed = 0

    def hook(_name: str) -> None:
        nonlocal passed
        passed += 1
        if passed == crash_at:
            os._exit(CRASHED)

    durable.set_fault_hook(hook)
    store = AnswerStore(folder)
    store.open()
    for name in map(str, range(count)):
        if not store.has(key_of(name)):
            kept = store.keep(receipt(name), body_of(name))
            os.write(report, f"kept {name}\n".encode())
            kept.commit()
            os.write(report, f"committed {name}\n".encode())


if __name__ == "__main__":
    serve()
