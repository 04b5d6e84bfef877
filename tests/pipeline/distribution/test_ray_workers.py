"""Runs in actors of a Ray cluster on loopback. Skipped without `pip install 'voicemill[ray]'`."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.flows.results import short_rows, violations, write_manifest
from tests.flows.speech_service import SpeechService, speech_service
from tests.pipeline.distribution.killed_workers import audio_of, expected_audio, run_and_kill, settings
from tests.waiting import PATIENCE_S, wait_until
from voicemill.errors import ExitCode

pytest.importorskip("ray", reason="Ray is not installed: pip install 'voicemill[ray]'")

_CONCURRENCY = 8
_START = ("ray.scripts.scripts", "start", "--head", "--block", "--num-cpus=2", "--include-dashboard=false")
_TIME_LIMITS = (
    "RAY_CLIENT_SERVER_CHECK_CHANNEL_TIMEOUT_S",
    "RAY_raylet_start_wait_time_s",
    "RAY_py_gcs_connect_timeout_s",
)
"""Ray gives up on a busy machine by default."""


@pytest.fixture
def service() -> Iterator[SpeechService]:
    """A service that the environment of the cluster names."""
    with speech_service() as service:
        yield service


@pytest.fixture
def cluster(service: SpeechService, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a cluster of one node with two CPUs."""
    ports = _free_ports(2)
    folder = Path("/tmp") / tmp_path_factory.mktemp("ray").name  # the names of sockets have at most 107 characters
    command = [sys.executable, "-m", *_START, f"--port={ports[0]}", f"--ray-client-server-port={ports[1]}"]
    environment = os.environ | dict.fromkeys(_TIME_LIMITS, f"{PATIENCE_S:.0f}") | {"RAY_USAGE_STATS_ENABLED": "0"}
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


@pytest.mark.clusters
async def test_a_ray_cluster_survives_the_death_of_a_worker(
    service: SpeechService, cluster: str, tmp_path: Path
) -> None:
    """Two actors, one of them killed, write the bytes of a local run and repeat only calls in flight."""
    service.speaker.latency_s = 0.05
    manifest = write_manifest(tmp_path / "book.csv", short_rows(100))
    summary = await run_and_kill(manifest, tmp_path / "ray", settings(cluster), lambda: len(service.requested) >= 30)
    assert (summary.exit_code, summary.rows["done"]) == (ExitCode.OK, 100)
    assert 100 <= len(service.requested) <= 100 + _CONCURRENCY
    assert max(call.in_flight for call in service.server.calls) <= _CONCURRENCY
    assert violations(tmp_path / "ray") == []
    assert audio_of(tmp_path / "ray") == expected_audio(100)
