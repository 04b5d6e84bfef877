"""The records that Prefect has of a run, and how it loads the flows."""

import asyncio
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml  # type: ignore[import-untyped]
from prefect.flows import load_flow_from_entrypoint

from flows.prefect_server.settings import adopt_environment
from tests.flows.commands import InThisProcess, ignoring_prefect_sockets
from tests.flows.results import short_rows, write_manifest
from tests.flows.speech_service import SpeechService
from tests.hostile_speech import error_reply
from tests.waiting import PATIENCE_S, wait_until

_PREFECT_YAML = Path(__file__).parents[2] / "prefect.yaml"


def test_finished_run(voicemill: InThisProcess, service: SpeechService, prefect_server: str) -> None:
    """A run of 100 rows is a completed flow run with one task per shard, named after its rows, and three artifacts."""
    write_manifest(Path("book.csv"), short_rows(100))
    voicemill("run", "book.csv", "-o", "pages")
    flow_run = _flow_run(prefect_server, "pages")
    assert (flow_run["state"]["type"], flow_run["state"]["message"]) == ("COMPLETED", "100 done of 100 rows")
    tasks = _task_runs(prefect_server, flow_run, 25)
    shards = sorted(task["name"] for task in tasks if task["name"].startswith("rows "))
    assert len(shards) == 24
    assert "rows 1–5: row-0000 … row-0004" in shards
    assert {task["state"]["type"] for task in tasks} == {"COMPLETED"}
    artifacts = _artifacts_of_a_complete_run(prefect_server, flow_run)
    assert "| done | 100 |" in artifacts["summary"]["data"]
    assert "1,890 credits" in artifacts["summary"]["data"]
    assert Path("pages/report.html").absolute().as_uri() in artifacts["report"]["data"]


def test_run_with_failures(
    voicemill: InThisProcess, service: SpeechService, prefect_server: str, fast_retries: Path
) -> None:
    """A run with unfinished rows is a failed flow run with their number in its message; its tasks are completed."""
    write_manifest(Path("book.csv"), short_rows(3))
    service.replies["Sentence number 1."] = error_reply(500, "No", "Later")
    voicemill("run", "book.csv", "-o", "pages", "--profile", fast_retries)
    flow_run = _flow_run(prefect_server, "pages")
    assert (flow_run["state"]["type"], flow_run["state"]["message"]) == ("FAILED", "2 done, 1 failed of 3 rows")
    tasks = _task_runs(prefect_server, flow_run, 4)
    assert sorted(task["name"] for task in tasks if task["name"].startswith("row ")) == [
        "row 1: row-0000",
        "row 2: row-0001",
        "row 3: row-0002",
    ]
    assert {task["state"]["type"] for task in tasks} == {"COMPLETED"}


@pytest.mark.parametrize(
    "deployment", yaml.safe_load(_PREFECT_YAML.read_text())["deployments"], ids=lambda d: d["entrypoint"]
)
def test_deployments_load(deployment: dict[str, Any]) -> None:
    """Each deployment's flow can be loaded under its own name and accepts the deployment's parameters."""
    flow: Any = load_flow_from_entrypoint(deployment["entrypoint"], use_placeholder_flow=False)
    assert deployment["entrypoint"] == f"flows.{flow.name}.{flow.name}"
    given = deployment.get("parameters", {"manifest": "data/the-lamp.csv", "results": "results"})
    flow.validate_parameters(given)
    assert (_PREFECT_YAML.parent / given["manifest"]).is_file()
    assert (flow.fn.__module__, flow.fn.__name__) == (f"flows.{flow.name}", flow.name)


def test_deployed_run(service: SpeechService, prefect_server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A flow started by a deployment, without the command line, checks the manifest itself."""
    monkeypatch.setenv("PREFECT_API_URL", prefect_server)
    write_manifest(Path("book.csv"), short_rows(3))
    adopt_environment()
    flow: Any = load_flow_from_entrypoint("flows.tts.tts", use_placeholder_flow=False)
    with ignoring_prefect_sockets():
        state = asyncio.run(flow("book.csv", "pages", return_state=True))
    assert state.is_completed()
    assert len(service.requested) == 3
    bad = write_manifest(Path("bad.csv"), [{"id": "a", "transcript": "..."}])
    with ignoring_prefect_sockets():
        state = asyncio.run(flow(str(bad), "pages", return_state=True))
    assert state.is_failed()
    assert "bad.csv: 1 problem" in (state.message or "")


def _flow_run(api_url: str, results: str) -> dict[str, Any]:
    """The flow run into `results`, once the server has its final state."""
    place = str(Path(results).absolute())

    def ended() -> dict[str, Any] | None:
        found = _found(api_url, "flow_runs", {"sort": "START_TIME_DESC", "limit": 50})
        own = (flow_run for flow_run in found if flow_run["parameters"].get("results") == place)
        return next(filter(_is_final, own), None)

    return wait_until(ended, "a flow run in a final state")


def _task_runs(api_url: str, flow_run: dict[str, Any], count: int) -> list[dict[str, Any]]:
    """The task runs of a flow run, once `count` of them are there and all have a final state: they arrive in batches,
    and each before its state."""

    def ended() -> list[dict[str, Any]] | None:
        found = _found(api_url, "task_runs", _of(flow_run))
        return found if len(found) >= count and all(map(_is_final, found)) else None

    return wait_until(ended, f"{count} task runs in final states")


def _artifacts_of_a_complete_run(api_url: str, flow_run: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The artifacts of a flow run by key, once the summary is there and the progress is 100 percent."""

    def complete() -> dict[str, dict[str, Any]] | None:
        found = {artifact["key"]: artifact for artifact in _found(api_url, "artifacts", _of(flow_run))}
        return found if {"progress", "summary", "report"} <= set(found) and found["progress"]["data"] == 100.0 else None

    return wait_until(complete, "a summary, a link to the report, and a progress of 100 percent")


def _of(flow_run: dict[str, Any]) -> dict[str, Any]:
    return {"flow_runs": {"id": {"any_": [flow_run["id"]]}}}


def _is_final(run: dict[str, Any]) -> bool:
    return run["state"] is not None and run["state"]["type"] not in ("SCHEDULED", "PENDING", "RUNNING", "CANCELLING")


def _found(api_url: str, what: str, query: dict[str, Any]) -> list[dict[str, Any]]:
    answer = httpx.post(f"{api_url}/{what}/filter", json=query, timeout=PATIENCE_S)
    answer.raise_for_status()
    found: list[dict[str, Any]] = answer.json()
    return found
