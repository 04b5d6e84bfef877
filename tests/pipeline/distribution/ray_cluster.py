"""A Ray cluster on loopback."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager

from tests.waiting import PATIENCE_S, wait_until

_START = ("ray.scripts.scripts", "start", "--head", "--block", "--num-cpus=2", "--include-dashboard=false")
_TIME_LIMITS_S = {
    "RAY_CLIENT_SERVER_CHECK_CHANNEL_TIMEOUT_S": "60",  # its fork hangs at times, and the run then connects again
    "RAY_raylet_start_wait_time_s": f"{PATIENCE_S:.0f}",
    "RAY_py_gcs_connect_timeout_s": f"{PATIENCE_S:.0f}",
}
"""Ray gives up on a busy machine by default."""

# Ray reads both on import, here and in the cluster. Where a token exists, `ray start` would require it by default.
os.environ.setdefault("RAY_CLIENT_INITIAL_CONNECTION_TIMEOUT_S", f"{PATIENCE_S:.0f}")
os.environ["RAY_AUTH_MODE"] = "disabled"


@contextmanager
def ray_cluster() -> Iterator[str]:
    """The runner of a cluster of one node with two CPUs; its processes have the environment of this one."""
    ports = _free_ports(2)
    command = [sys.executable, "-m", *_START, f"--port={ports[0]}", f"--ray-client-server-port={ports[1]}"]
    environment = os.environ | _TIME_LIMITS_S | {"RAY_USAGE_STATS_ENABLED": "0"}
    with tempfile.TemporaryDirectory(dir="/tmp", ignore_cleanup_errors=True) as folder:  # socket names must be short
        command.append(f"--temp-dir={folder}")
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, env=environment) as process:
            try:
                wait_until(lambda: process.poll() is not None or _listens(ports[1]), "a Ray Client server")
                assert process.poll() is None, "Ray did not start"
                yield f"ray://127.0.0.1:{ports[1]}"
            finally:
                process.send_signal(signal.SIGTERM)
                process.wait(PATIENCE_S)


def _free_ports(count: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


def _listens(port: int) -> bool:
    with closing(socket.socket()) as client:
        return client.connect_ex(("127.0.0.1", port)) == 0
