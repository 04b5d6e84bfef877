"""The task that works a shard of the rows."""

from collections.abc import Callable

from prefect import task
from prefect.cache_policies import NO_CACHE

from voicemill.store.tables.items import CarriedTypes
from voicemill.store.tables.plan import PlanTable
from voicemill.work.bench import Bench
from voicemill.work.shard import Shard, work_shard


@task(name="work shard", task_run_name="{shard.label}", cache_policy=NO_CACHE, persist_result=False)
async def work_shard_task(
    shard: Shard, plan: PlanTable, carried: CarriedTypes, bench: Bench, on_all_begun: Callable[[], None]
) -> dict[str, int]:
    """Bring every row of `shard` to its end; how many rows ended how."""
    return await work_shard(shard, plan, carried, bench, on_all_begun)
