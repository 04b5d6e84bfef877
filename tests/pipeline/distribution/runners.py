"""Runners of each kind, with the processes that they need."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.pipeline.distribution.dask_cluster import dask_cluster
from tests.pipeline.distribution.ray_cluster import ray_cluster


@contextmanager
def started_runner(kind: str, folder: Path, prefect_server: Callable[[], str], workers: int = 2) -> Iterator[str]:
    """A runner with workers that are replaced when they are killed. Ray and work pools have two.

    `prefect_server` gives the API address of a Prefect server, which only work pools need.
    """
    if kind == "dask":
        with dask_cluster(folder, [()] * workers, replaces_workers=True) as cluster:
            yield cluster.runner
    elif kind == "ray":
        with ray_cluster() as runner:
            yield runner
    elif kind == "pool":
        from tests.pipeline.distribution.work_pool import work_pool  # imports Prefect

        with work_pool(prefect_server()) as runner:
            yield runner
    else:
        yield f"process:{workers}"
