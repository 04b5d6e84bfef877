"""What Prefect shows of a run afterwards, and how it loads the flows."""

import asyncio
import time
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

_PREFECT_YAML = Path(__file__).parents[2] / "prefect.yaml"


def test_a_finished_run(voicemill: InThisProcess, service: SpeechService, prefect_server: str) -> None:
    """A run of 100 rows is one completed flow run, with a task for each shard, named by its rows, and two artifacts."""
    write_manifest(Path("book.csv"), short_rows(100))
    voicemill("run", "book.csv", "-o", "pages")
    flow_run = _flow_run(prefect_server, "pages")
    assert (flow_run["state"]["type"], flow_run["state"]["message"]) == ("COMPLETED", "100 done of 100 rows")
    tasks = _of_run(prefect_server, "task_runs", flow_run, 25)
    shards = sorted(task["name"] for task in tasks if task["name"].startswith("rows "))
    assert len(shards) == 24
    assert "rows 1–5: row-0000 … row-0004" in shards
    assert {task["state"]["type"] for task in tasks} == {"COMPLETED"}
    artifacts = {artifact["key"]: artifact for artifact in _of_run(prefect_server, "artifacts", flow_run, 2)}
    assert artifacts["progress"]["data"] == 100.0
    assert "| done | 100 |" in artifacts["summary"]["data"]
    assert "1,890 credits" in artifacts["summary"]["data"]


def test_a_run_with_failures(
    voicemill: InThisProcess, service: SpeechService, prefect_server: str, fast_retries: Path
) -> None:
    """A run with unfinished rows is a failed flow run whose message counts them; its tasks are completed."""
    write_manifest(Path("book.csv"), short_rows(3))
    service.replies["Sentence number 1."] = error_reply(500, "No", "Later")
    voicemill("run", "book.csv", "-o", "pages", "--profile", fast_retries)
    flow_run = _flow_run(prefect_server, "pages")
    assert (flow_run["state"]["type"], flow_run["state"]["message"]) == ("FAILED", "2 done, 1 failed of 3 rows")
    tasks = _of_run(prefect_server, "task_runs", flow_run, 4)
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
    """Each deployment names a flow that really loads, known by its own name, and parameters that it takes."""
    flow: Any = load_flow_from_entrypoint(deployment["entrypoint"], use_placeholder_flow=False)
    assert deployment["entrypoint"] == f"flows.{flow.name}.{flow.name}"
    given = deployment.get("parameters", {"manifest": "data/the-lamp.csv", "results": "results"})
    flow.validate_parameters(given)
    assert (_PREFECT_YAML.parent / given["manifest"]).is_file()
    assert (flow.fn.__module__, flow.fn.__name__) == (f"flows.{flow.name}", flow.name)


def test_a_deployed_run(service: SpeechService, prefect_server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Started without the command line, as a deployment starts it, the flow checks the manifest by itself."""
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
    found: list[dict[str, Any]] = _found(api_url, "flow_runs", {"sort": "START_TIME_DESC", "limit": 1})
    assert found[0]["parameters"]["results"] == str(Path(results).absolute())
    return found[0]


def _of_run(api_url: str, what: str, flow_run: dict[str, Any], count: int) -> list[dict[str, Any]]:
    """What belongs to a flow run, once there is as much as expected in a final state: it arrives in batches."""
    deadline = time.monotonic() + 90
    while True:
        found = _found(api_url, what, {"flow_runs": {"id": {"any_": [flow_run["id"]]}}})
        ended = [one for one in found if one.get("state_type", "COMPLETED") not in ("PENDING", "RUNNING")]
        if len(ended) >= count or time.monotonic() > deadline:
            return found
        time.sleep(0.05)


def _found(api_url: str, what: str, query: dict[str, Any]) -> list[dict[str, Any]]:
    answer = httpx.post(f"{api_url}/{what}/filter", json=query, timeout=90)
    answer.raise_for_status()
    found: list[dict[str, Any]] = answer.json()
    return found
