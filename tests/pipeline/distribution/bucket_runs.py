"""Results in an S3 server on this machine, for runs whose workers share no folder."""

import asyncio
import os
import shutil
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import fsspec  # type: ignore[import-untyped]
import pytest

from tests.pipeline.distribution.dask_cluster import Cluster, dask_cluster
from tests.s3_server import s3_server
from tests.waiting import wait_until
from voicemill.config import Settings
from voicemill.pipeline.distribution.worker_files import WorkerState
from voicemill.pipeline.distribution.worker_objects import WorkerObjects, living
from voicemill.pipeline.execute import RunSpec, execute
from voicemill.pipeline.summary import Summary
from voicemill.store.bucket_results import opened_results
from voicemill.store.object_store import ObjectFolder
from voicemill.store.results_folder import ResultsFolder

BUCKET = "results"
_ROOT = Path(__file__).parents[3]


@contextmanager
def bucket() -> Iterator[None]:
    """An empty bucket that this process and its children find by the usual environment variables."""
    with s3_server() as url, pytest.MonkeyPatch.context() as environment:
        for name, value in {"ACCESS_KEY_ID": "k", "SECRET_ACCESS_KEY": "s", "DEFAULT_REGION": "us-east-1"}.items():
            environment.setenv(f"AWS_{name}", value)
        environment.setenv("AWS_ENDPOINT_URL", url)
        store().makedirs(BUCKET, exist_ok=True)
        yield


def store() -> fsspec.AbstractFileSystem:
    """The server of the environment."""
    return fsspec.filesystem("s3", skip_instance_cache=True, use_listings_cache=False)


def download(address: str, folder: Path) -> Path:
    """All objects of the results at an address, in an empty folder."""
    shutil.rmtree(folder, ignore_errors=True)
    store().get(address, str(folder), recursive=True)
    return folder


def stored_names(address: str) -> list[str]:
    """The names of all objects of the results."""
    return sorted(ObjectFolder(address).list())


def living_bucket_workers(address: str) -> list[WorkerState]:
    """The workers of the run at an address that have not ended."""
    objects = ObjectFolder(address)
    runs = {name.split("/")[2] for name in objects.list(".voicemill/workers")}
    states = [
        WorkerObjects(ResultsFolder(Path(os.devnull)), run_id, objects).read_workers().values() for run_id in runs
    ]
    return [state for each in states for state in living(each)]


@contextmanager
def cluster_without_shared_folder(folder: Path, *, replaces_workers: bool = False) -> Iterator[Cluster]:
    """Two Dask workers, each with another working folder and another folder for its copies of results."""
    places = [folder / name for name in ("one", "two")]
    for place in places:
        place.mkdir()
    prefixes = [("env", "-C", str(place), f"VOICEMILL_SCRATCH={place}", f"PYTHONPATH={_ROOT}") for place in places]
    with dask_cluster(folder, prefixes, replaces_workers=replaces_workers) as cluster:
        yield cluster


async def run_at(manifest: Path, address: str, chosen: Settings) -> Summary:
    """Run a manifest with results at an address in this process, with the workers that the settings name."""
    with opened_results(address) as folder:
        return await execute(RunSpec(str(manifest), folder.path, chosen))


async def run_and_kill_at(manifest: Path, address: str, chosen: Settings, kill_at: Callable[[], bool]) -> Summary:
    """The same; when `kill_at` is true for the first time, a worker is killed."""
    killing = asyncio.create_task(asyncio.to_thread(_kill_one, address, kill_at))
    summary = await run_at(manifest, address, chosen)
    assert killing.done(), "the run ended before a worker was killed"
    await killing
    return summary


def _kill_one(address: str, kill_at: Callable[[], bool]) -> None:
    wait_until(kill_at, "the moment of the kill")
    found = wait_until(lambda: living_bucket_workers(address), "a worker")
    worker = max(found, key=lambda each: each.stats.get("calls_in_flight", 0))
    os.kill(worker.pid, signal.SIGKILL)
