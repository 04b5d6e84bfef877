"""The flow of `voicemill schedule`: a run that is skipped if it is not needed."""

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
    """Run the new and changed rows of `manifest`; finished rows cost nothing.

    The run ends as Skipped if another run uses the folder, if it starts more than `skip_if_later_than_s` after its time
    (0 sets no limit), or if a later run of the same schedule has finished already. After a night without a server, a
    single run does all the work that was due.
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
    """The reason to skip a late run; empty if it should run."""
    due, now = flow_run.scheduled_start_time, datetime.now(UTC)
    if due is None or not deployment.id:
        return ""
    late_s = (now - due).total_seconds()
    if 0 < skip_if_later_than_s < late_s:
        return f"it is {late_s:.0f} s late; the limit is {skip_if_later_than_s:.0f} s"
    return "a later run of this schedule has finished" if await _was_done(due) else ""


async def _was_done(due: datetime) -> bool:
    """Whether a run of the same schedule started after this one's time and ended: it processed all that was due."""
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
