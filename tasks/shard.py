"""The task that works a shard of the rows."""

from collections.abc import Callable

from prefect import task
from prefect.cache_policies import NO_CACHE

from voicemill.run.context import RunContext
from voicemill.run.shard import Shard, work_shard
from voicemill.store.tables.items_table import CarriedTypes
from voicemill.store.tables.plan_table import PlanTable


@task(name="work shard", task_run_name="{shard.label}", cache_policy=NO_CACHE, persist_result=False)
async def work_shard_task(
    shard: Shard, plan: PlanTable, carried: CarriedTypes, context: RunContext, on_all_begun: Callable[[], None]
) -> dict[str, int]:
    """Bring every row of `shard` to its end; how many rows ended how."""
    return await work_shard(shard, plan, carried, context, on_all_begun)
