"""A Prefect work pool whose worker starts two flow runs as processes."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from unittest import mock

from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import WorkPoolCreate

from tests.waiting import PATIENCE_S

_NAME = "two-workers"


@contextmanager
def work_pool(server: str) -> Iterator[str]:
    """The runner of a pool at the Prefect server with the API address `server`, which runs in the block use as well."""
    with mock.patch.dict(os.environ, {"PREFECT_API_URL": server}):
        with get_client(sync_client=True) as client:
            client.create_work_pool(WorkPoolCreate(name=_NAME, type="process", concurrency_limit=2), overwrite=True)
        with _worker():
            yield f"pool:{_NAME}"


@contextmanager
def _worker() -> Iterator[None]:
    environment = os.environ | {"PREFECT_WORKER_QUERY_SECONDS": "1"}
    command = [sys.executable, "-m", "prefect", "worker", "start", "--pool", _NAME, "--type", "process"]
    with subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, start_new_session=True) as process:
        try:
            yield
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(PATIENCE_S)
