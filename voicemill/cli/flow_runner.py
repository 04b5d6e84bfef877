"""Starting a flow from a verb: progress while it runs, its summary, and the exit code that it ended with."""

import asyncio
import json
import sys
from collections.abc import Callable
from dataclasses import asdict
from typing import Any, NoReturn

import typer

from flows.prefect_server.ensure import ServerLease
from voicemill.pipeline.prepare import PlanFacts
from voicemill.pipeline.summary import Summary
from voicemill.report.progress import live_progress
from voicemill.report.summary import as_lines
from voicemill.store.results_folder import ResultsFolder


def run_flow(
    flow_of: Callable[[], Any], folder: ResultsFolder, facts: PlanFacts, lease: ServerLease, **parameters: object
) -> Summary:
    """Run the flow that `flow_of` imports, and show how far it is. Raises what the flow raises.

    It is imported here, for it imports Prefect, which takes seconds that the check of a manifest need not wait for.
    """
    with live_progress(folder.progress, facts.calls, sys.stderr):
        flow = flow_of()
        lease.wait_until_ready()
        return asyncio.run(_summary_of(flow, str(folder.path.absolute()), parameters))


async def _summary_of(flow: Any, results: str, parameters: dict[str, object]) -> Summary:  # noqa: ANN401 - Prefect's type for a flow that returns a state is wrong
    state = await flow(results=results, **parameters, return_state=True)
    ending = await state.aresult(raise_on_failure=False)
    if isinstance(ending, Summary):
        return ending
    raise ending


def end_with(summary: Summary, *, as_json: bool) -> NoReturn:
    """Print the summary and end the command as the run ended."""
    typer.echo(json.dumps(asdict(summary), indent=2) if as_json else "\n".join(as_lines(summary)))
    raise typer.Exit(summary.exit_code)


def say(line: str) -> None:
    """Tell the user something that is not the result."""
    typer.echo(line, err=True)
