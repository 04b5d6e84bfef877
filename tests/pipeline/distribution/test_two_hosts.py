"""Runs on workers in other network namespaces, which see the results folder but not the loopback of the run."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from tests.flows.results import short_rows, violations, write_manifest
from tests.pipeline.distribution.dask_cluster import dask_cluster
from tests.pipeline.distribution.killed_workers import audio_of, living_workers, run, settings
from voicemill.errors import ExitCode

pytest.importorskip("distributed", reason="Dask is not installed: pip install 'voicemill[dask]'")

_ROWS = 24


def _ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True, capture_output=True)


@contextmanager
def _network() -> Iterator[str]:
    """A bridge of this machine, by name; its address is 10.213.77.1."""
    bridge = f"vmb{os.getpid()}"
    try:
        _ip("link", "add", bridge, "type", "bridge")
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"this machine does not allow network namespaces: {error}")
    try:
        _ip("address", "add", "10.213.77.1/24", "dev", bridge)
        _ip("link", "set", bridge, "up")
        yield bridge
    finally:
        _ip("link", "delete", bridge)


@contextmanager
def _host(bridge: str, number: int) -> Iterator[tuple[str, ...]]:
    """A network namespace on the bridge; yields the prefix of commands that run in it."""
    name, link = f"vmh{os.getpid()}-{number}", f"vml{os.getpid()}{number}"
    inside = ("ip", "netns", "exec", name)
    _ip("netns", "add", name)
    try:
        _ip("link", "add", link, "type", "veth", "peer", "name", "eth0", "netns", name)
        _ip("link", "set", link, "master", bridge, "up")
        for command in (("address", "add", f"10.213.77.{number + 1}/24", "dev", "eth0"), ("link", "set", "eth0", "up")):
            _ip("-netns", name, *command)
        _ip("-netns", name, "link", "set", "lo", "up")
        yield inside
    finally:
        _ip("netns", "delete", name)


@pytest.mark.clusters
async def test_two_hosts_write_the_bytes_of_a_local_run(tmp_path: Path) -> None:
    """Two hosts with a shared results folder process the rows with their embedded engines, as a local run does."""
    manifest = write_manifest(tmp_path / "book.csv", short_rows(_ROWS))
    local = await run(manifest, tmp_path / "local", settings("local"))
    with ExitStack() as stack:
        bridge = stack.enter_context(_network())
        hosts = [stack.enter_context(_host(bridge, number)) for number in (1, 2)]
        cluster = stack.enter_context(dask_cluster(tmp_path, hosts, host="10.213.77.1"))
        summary = await run(manifest, tmp_path / "two", settings(cluster.runner))
    assert (local.exit_code, summary.exit_code) == (ExitCode.OK, ExitCode.OK)
    assert summary.rows["done"] == _ROWS
    assert violations(tmp_path / "two") == []
    assert audio_of(tmp_path / "two") == audio_of(tmp_path / "local")
    assert living_workers(tmp_path / "two") == []
