"""Recurring runs: Prefect deployments of the scheduled flow, which Prefect stores, displays and starts."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from prefect.client.orchestration import PrefectClient, get_client
from prefect.client.schemas.actions import WorkPoolCreate
from prefect.client.schemas.filters import DeploymentFilter, DeploymentFilterTags
from prefect.client.schemas.objects import FlowRun
from prefect.client.schemas.responses import DeploymentResponse
from prefect.client.schemas.schedules import CronSchedule, IntervalSchedule
from prefect.client.schemas.sorting import DeploymentSort, FlowRunSort
from prefect.deployments.runner import RunnerDeployment
from prefect.exceptions import ObjectAlreadyExists

from flows.up import POOL
from voicemill.errors import ConfigError

_LATEST = FlowRunSort.EXPECTED_START_TIME_DESC
_TAG = "voicemill-schedule"
_ENTRYPOINT = "flows.scheduled.scheduled"


@dataclass(frozen=True, slots=True)
class Recurrence:
    """When a schedule fires: at the times of a cron expression in a time zone, or every `every_s` seconds."""

    cron: str = ""
    timezone: str = "UTC"
    every_s: float = 0

    def schedule(self) -> CronSchedule | IntervalSchedule:
        """The equivalent Prefect schedule. Raises `ConfigError`."""
        if bool(self.cron) == bool(self.every_s):
            raise ConfigError('set either --cron, for example --cron "0 1 * * *", or --every with a number of seconds')
        try:
            if self.cron:
                return CronSchedule(cron=self.cron, timezone=self.timezone)
            return IntervalSchedule(
                interval=timedelta(seconds=self.every_s), anchor_date=datetime.now(UTC), timezone=self.timezone
            )
        except ValueError as error:
            reason = str(error).splitlines()[-1].strip()
            raise ConfigError(f"invalid schedule: {reason}; correct --cron or --timezone") from None


async def add(name: str, recurrence: Recurrence, parameters: Mapping[str, Any]) -> None:
    """Create or replace the schedule `name`. Raises `ConfigError`."""
    schedule = recurrence.schedule()
    async with get_client() as client:
        await ensure_pool(client)
    deployment = RunnerDeployment.from_entrypoint(
        _ENTRYPOINT,
        name=name,
        schedules=[schedule],
        parameters=dict(parameters),
        tags=[_TAG],
        work_pool_name=POOL,
        description=f"{parameters['manifest']} into {parameters['results']}",
    )
    await deployment.aapply()


async def ensure_pool(client: PrefectClient) -> None:
    """Create the work pool of `voicemill up` if it does not exist."""
    try:
        await client.create_work_pool(WorkPoolCreate(name=POOL, type="process"))
    except ObjectAlreadyExists:
        return


async def listed() -> list[dict[str, Any]]:
    """Every schedule with its name, recurrence, paused state, parameters, next run and last run."""
    async with get_client() as client:
        return [await _as_dict(client, found) for found in await _all(client)]


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


async def _as_dict(client: PrefectClient, found: DeploymentResponse) -> dict[str, Any]:
    runs = await _runs(client, found)
    ended = [run for run in runs if run.state is not None and run.state.is_final()]
    due = [run.expected_start_time for run in runs if run.state is not None and run.state.is_scheduled()]
    last = max(ended, key=lambda run: run.expected_start_time or datetime.min.replace(tzinfo=UTC), default=None)
    return {
        "name": found.name,
        "fires": ", ".join(_when(one.schedule) for one in found.schedules),
        "paused": bool(found.paused),
        "manifest": found.parameters.get("manifest"),
        "results": found.parameters.get("results"),
        "next_run": min((moment.isoformat() for moment in due if moment), default=None),
        "last_run": last and last.expected_start_time and last.expected_start_time.isoformat(),
        "last_state": last and last.state and last.state.name,
        "last_message": last and last.state and last.state.message,
    }


async def _runs(client: PrefectClient, found: DeploymentResponse) -> list[FlowRun]:
    only = DeploymentFilter.model_validate({"id": {"any_": [str(found.id)]}})
    return await client.read_flow_runs(deployment_filter=only, limit=200, sort=_LATEST)


def _when(schedule: Any) -> str:  # noqa: ANN401 - Prefect's union of schedules
    if isinstance(schedule, CronSchedule):
        return f"{schedule.cron} ({schedule.timezone or 'UTC'})"
    return f"every {schedule.interval.total_seconds():g} s" if isinstance(schedule, IntervalSchedule) else str(schedule)
