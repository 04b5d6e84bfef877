"""The flow of a worker in a Prefect work pool."""

from pathlib import Path

from prefect import flow
from prefect.runtime import flow_run

from voicemill.pipeline.distribution.job_files import JobFiles
from voicemill.pipeline.distribution.worker_files import WorkerFiles
from voicemill.store.results_folder import ResultsFolder


@flow(name="voicemill worker", persist_result=False)
def pool_worker(results: str, run_id: str) -> None:
    """Process the shards that a run sends to this flow run, until the run ends."""
    JobFiles(WorkerFiles(ResultsFolder(Path(results)), run_id), str(flow_run.id)).serve()
