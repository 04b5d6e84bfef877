"""The flow behind `voicemill schedule`: a run that stands back where it is not needed."""

from datetime import UTC, datetime
from pathlib import Path

from prefect import flow
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import DeploymentFilter, DeploymentFilterId, FlowRunFilter
from prefect.client.schemas.objects import State
from prefect.client.schemas.sorting import FlowRunSort
from prefect.runtime import deployment, flow_run
from prefect.states import Completed

from flows.run_manifest import run_manifest
from voicemill.config import Settings
from voicemill.errors import ResultsLockedError
from voicemill.pipeline.execute import RunSpec
from voicemill.pipeline.summary import Summary

DEFAULT_SETTINGS = Settings()
SKIPPED = "Skipped"


@flow(name="scheduled", persist_result=False, validate_parameters=True)
async def scheduled(
    manifest: str, results: str, settings: Settings = DEFAULT_SETTINGS, skip_if_later_than_s: float = 0
) -> State[Summary] | State[None]:
    """Do what is new or has changed in `manifest`; rows that are finished cost nothing.

    Ends as Skipped where another run works in the folder, where this run begins more than `skip_if_later_than_s` after
    its time (0: however late), and where a run of the same schedule that began since has done all that was due: after a
    night without a server, one run makes up for all.
    """
    late = await _lateness(skip_if_later_than_s)
    if late:
        return _skipped(late)
    try:
        return await run_manifest(RunSpec(manifest, Path(results), settings))
    except ResultsLockedError as locked:
        return _skipped(str(locked))


def _skipped(why: str) -> State[None]:
    return Completed(name=SKIPPED, message=f"skipped: {why}")


async def _lateness(skip_if_later_than_s: float) -> str:
    """Why the run comes too late to be made; empty where it does not."""
    due, now = flow_run.scheduled_start_time, datetime.now(UTC)
    if due is None or not deployment.id:
        return ""
    late_s = (now - due).total_seconds()
    if 0 < skip_if_later_than_s < late_s:
        return f"it is {late_s:.0f} s late, and may be {skip_if_later_than_s:.0f}"
    return "a run that began since has done it" if await _was_done(due) else ""


async def _was_done(due: datetime) -> bool:
    """Whether a run of the same schedule began after this one's time and ended: it saw all that this one would see."""
    since = {"state": {"type": {"any_": ["COMPLETED", "FAILED"]}}, "start_time": {"after_": due.isoformat()}}
    mine = DeploymentFilter(id=DeploymentFilterId(any_=[deployment.id]))
    async with get_client() as client:
        found = await client.read_flow_runs(
            flow_run_filter=FlowRunFilter.model_validate(since),
            deployment_filter=mine,
            limit=50,
            sort=FlowRunSort.START_TIME_DESC,
        )
    return any(run.state is not None and run.state.name != SKIPPED and run.id != flow_run.id for run in found)
