"""The Prefect task that processes one shard of a run."""

from prefect import task
from prefect.cache_policies import NO_CACHE

from voicemill.pipeline.jobs import ShardJob, ShardResult, run_shard


@task(name="process shard", task_run_name="{job.label}", cache_policy=NO_CACHE, persist_result=False)
async def process_shard(job: ShardJob) -> ShardResult:
    """Process every row of a shard. Raises `StorageError`; the failure of a row is in its outcome."""
    return await run_shard(job)
