"""Run a Prefect flow from a command: show its progress and its summary, and exit with its code."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, NoReturn

import typer

from voicemill.pipeline.summary import Summary
from voicemill.report.progress import live_progress
from voicemill.report.summary import as_lines

if TYPE_CHECKING:
    from flows.prefect_server.ensure import ServerLease
    from voicemill.config import Settings
    from voicemill.pipeline.prepare import PlanFacts
    from voicemill.store.results_folder import ResultsFolder


def run_flow(
    flow_of: Callable[[], Any],
    folder: "ResultsFolder",
    lease: "ServerLease",
    *,
    as_json: bool,
    **parameters: object,
) -> Summary:
    """Run the flow that `flow_of` imports and show its progress. Raises what the flow raises.

    The flow is imported late because it imports Prefect, which takes seconds and is not needed to check a manifest.
    """
    with live_progress(folder.progress, as_json=as_json):
        flow = flow_of()
        lease.wait_until_ready()
        return asyncio.run(_summary_of(flow, str(folder.path.absolute()), parameters))


def run_without_flow(
    manifest: str, folder: "ResultsFolder", settings: "Settings", facts: "PlanFacts", *, as_json: bool
) -> Summary:
    """Run the pipeline without Prefect, which would take longer to start than a rerun takes that finds nothing to do.

    Raises what a run raises.
    """
    from voicemill.pipeline.execute import RunSpec, execute

    with live_progress(folder.progress, as_json=as_json):
        return asyncio.run(execute(RunSpec(manifest, folder.path.absolute(), settings, facts.plan_id)))


def retry_flow() -> Any:  # noqa: ANN401 - a Prefect flow
    """The flow that retries the unfinished rows of a results folder."""
    from flows.retry import retry

    return retry


async def _summary_of(flow: Any, results: str, parameters: dict[str, object]) -> Summary:  # noqa: ANN401 - Prefect's type for a flow that returns a state is wrong
    state = await flow(results=results, **parameters, return_state=True)
    ending = await state.aresult(raise_on_failure=False)
    if isinstance(ending, Summary):
        return ending
    raise ending


def end_with(summary: Summary, *, as_json: bool) -> NoReturn:
    """Print the summary and exit with the code of the run."""
    typer.echo(json.dumps(asdict(summary), indent=2) if as_json else "\n".join(as_lines(summary)))
    raise typer.Exit(summary.exit_code)


def say(line: str, *, as_json: bool = False) -> None:
    """Print a line that is not the result to stderr; as a JSON line for programs."""
    typer.echo(json.dumps({"event": "message", "message": line}) if as_json else line, err=True)
