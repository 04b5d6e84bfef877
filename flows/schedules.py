"""Recurring runs: Prefect deployments of the scheduled flow, which Prefect stores, displays and starts."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

from prefect.client.orchestration import PrefectClient, get_client
from prefect.client.schemas.actions import WorkPoolCreate
from prefect.client.schemas.filters import DeploymentFilter, DeploymentFilterTags
from prefect.client.schemas.objects import FlowRun
from prefect.client.schemas.responses import DeploymentResponse
from prefect.client.schemas.schedules import CronSchedule, IntervalSchedule
from prefect.client.schemas.sorting import DeploymentSort, FlowRunSort
from prefect.deployments.runner import RunnerDeployment
from prefect.exceptions import ObjectAlreadyExists, ObjectNotFound
from prefect.runner.storage import LocalStorage

from flows.recurrence import Recurrence, next_times
from flows.up import POOL
from voicemill.errors import ConfigError

_LATEST = FlowRunSort.EXPECTED_START_TIME_DESC
_TAG = "voicemill-schedule"
_ENTRYPOINT = "flows.scheduled.scheduled"
_HEARTBEAT_TIMEOUT: Final = timedelta(seconds=90)  # workers report every 30 s


async def add(name: str, recurrence: Recurrence, parameters: Mapping[str, Any]) -> None:
    """Create or replace the schedule `name`.

    Its runs work in the current folder itself. Without a pull step, Prefect would copy that folder for each run.
    """
    async with get_client() as client:
        await ensure_pool(client)
    deployment = RunnerDeployment.from_entrypoint(
        _ENTRYPOINT,
        name=name,
        schedules=[recurrence.schedule()],
        parameters=dict(parameters),
        tags=[_TAG],
        work_pool_name=POOL,
        description=f"{parameters['manifest']} into {parameters['results']}",
    )
    deployment.storage = LocalStorage(str(Path.cwd()))
    await deployment.aapply()


async def ensure_pool(client: PrefectClient) -> None:
    """Create the work pool of `voicemill up` if it does not exist."""
    try:
        await client.create_work_pool(WorkPoolCreate(name=POOL, type="process"))
    except ObjectAlreadyExists:
        return


async def listed() -> list[dict[str, Any]]:
    """Every schedule with its name, recurrence, parameters, paused and served state, next run and last run."""
    async with get_client() as client:
        served = await _is_served(client)
        return [await _as_dict(client, found, served=served) for found in await _all(client)]


async def set_paused(name: str, paused: bool) -> None:
    """Pause or resume a schedule. Raises `ConfigError` if it does not exist."""
    async with get_client() as client:
        found = await _named(client, name)
        await (client.pause_deployment(found.id) if paused else client.resume_deployment(found.id))


async def remove(name: str) -> None:
    """Delete a schedule. Raises `ConfigError` if it does not exist."""
    async with get_client() as client:
        await client.delete_deployment((await _named(client, name)).id)


async def _all(client: PrefectClient) -> list[DeploymentResponse]:
    ours = DeploymentFilter(tags=DeploymentFilterTags(all_=[_TAG]))
    return await client.read_deployments(deployment_filter=ours, limit=200, sort=DeploymentSort.NAME_ASC)


async def _named(client: PrefectClient, name: str) -> DeploymentResponse:
    found = await _all(client)
    for one in found:
        if one.name == name:
            return one
    names = ", ".join(sorted(one.name for one in found)) or "none"
    raise ConfigError(f"schedule {name!r} does not exist; existing schedules: {names}")


async def _is_served(client: PrefectClient) -> bool:
    """Whether a worker has reported recently that it executes scheduled runs."""
    try:
        workers = await client.read_workers_for_work_pool(POOL)
    except ObjectNotFound:
        return False
    recent = datetime.now(UTC) - _HEARTBEAT_TIMEOUT
    return any(worker.last_heartbeat_time and worker.last_heartbeat_time > recent for worker in workers)


async def _as_dict(client: PrefectClient, found: DeploymentResponse, *, served: bool) -> dict[str, Any]:
    schedule = found.schedules[0].schedule
    zone = ZoneInfo(getattr(schedule, "timezone", None) or "UTC")
    last = await _last_run(client, found)
    return {
        "name": found.name,
        "fires": _when(schedule),
        "timezone": zone.key,
        "paused": bool(found.paused),
        "served": served,
        "manifest": found.parameters.get("manifest"),
        "results": found.parameters.get("results"),
        "next_run": None if found.paused else await _next_run(schedule),
        "last_run": last and last.expected_start_time and last.expected_start_time.astimezone(zone).isoformat(),
        "last_state": last and last.state and last.state.name,
        "last_message": last and last.state and last.state.message,
    }


async def _next_run(schedule: Any) -> str | None:  # noqa: ANN401 - Prefect's union of schedules
    if not isinstance(schedule, CronSchedule | IntervalSchedule):
        return None
    times = await next_times(schedule, datetime.now(UTC), 1)
    return times[0].isoformat(timespec="seconds") if times else None


async def _last_run(client: PrefectClient, found: DeploymentResponse) -> FlowRun | None:
    only = DeploymentFilter.model_validate({"id": {"any_": [str(found.id)]}})
    runs = await client.read_flow_runs(deployment_filter=only, limit=200, sort=_LATEST)
    return next((run for run in runs if run.state is not None and run.state.is_final()), None)


def _when(schedule: Any) -> str:  # noqa: ANN401 - Prefect's union of schedules
    if isinstance(schedule, CronSchedule):
        return f"{schedule.cron} ({schedule.timezone or 'UTC'})"
    return f"every {schedule.interval.total_seconds():g} s" if isinstance(schedule, IntervalSchedule) else str(schedule)
