"""Flows as plain functions: without a server, task runs and artifacts, which cost more time than a small run itself."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock

from flows.prefect_server.ensure import ServerLease
from voicemill.pipeline.steps import RunSteps
from voicemill.pipeline.summary import Summary
from voicemill.report.progress import live_progress
from voicemill.store.results_folder import ResultsFolder


@contextmanager
def without_prefect() -> Iterator[None]:
    """Execute the flows of commands in this process without Prefect, for tests of what a run produces."""
    with (
        mock.patch("flows.prefect_server.ensure.ensure_server", return_value=ServerLease("")),
        mock.patch("flows.run_manifest.PrefectSteps", RunSteps),
        mock.patch("voicemill.cli.flow_runner.run_flow", _run_flow),
    ):
        yield


def _run_flow(
    flow_of: Callable[[], Any], folder: ResultsFolder, _lease: ServerLease, *, as_json: bool, **parameters: object
) -> Summary:
    with live_progress(folder.progress, as_json=as_json):
        state = asyncio.run(flow_of().fn(results=str(folder.path.absolute()), **parameters))
    summary = state.data
    assert isinstance(summary, Summary)
    return summary
