"""A rerun of a large run uses its plan and its finished rows again, but only where nothing has changed."""

from pathlib import Path
from typing import Any

import pytest

import voicemill
from tests.flows.results import violations, write_manifest
from tests.flows.speech_service import SpeechService
from voicemill.pipeline import prepare
from voicemill.pipeline.jobs import ShardJob, ShardResult
from voicemill.pipeline.steps import RunSteps
from voicemill.store.results_folder import ResultsFolder, read_json

_ROWS = [{"id": name, "text": f"Row {name}."} for name in "abcd"]


class Runs:
    """Runs of one manifest, which count their shards."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.manifest, self.results = folder / "book.csv", ResultsFolder(folder / "results")
        self.write(_ROWS)
        self._shards = 0
        run_shard = RunSteps.run_shard

        async def counted(steps: RunSteps, job: ShardJob) -> ShardResult:
            self._shards += 1
            return await run_shard(steps, job)

        monkeypatch.setattr(RunSteps, "run_shard", counted)
        monkeypatch.setattr(prepare, "REUSED_FROM_ROWS", 1)

    def write(self, rows: list[dict[str, str]]) -> None:
        """Write the manifest."""
        write_manifest(self.manifest, rows)

    def run(self, **options: Any) -> tuple[int, int, str]:
        """Run the manifest. Returns the shards processed, the calls made, and the id of the plan."""
        self._shards = 0
        result = voicemill.run(self.manifest, self.results.path, **options)
        assert result.ok
        assert result.counts["done"] == len(result.items)
        assert violations(self.results.path) == []
        plan = read_json(self.results.plan_facts)
        assert plan is not None
        return self._shards, result.summary.calls_made, plan["plan_id"]

    def published(self) -> dict[str, tuple[bytes, int]]:
        """The content and the modification time of each published file."""
        return {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in self.results.published}


@pytest.fixture
def runs(service: SpeechService, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Runs:
    """A finished run."""
    found = Runs(tmp_path, monkeypatch)
    assert found.run()[:2] == (4, 4)
    return found


def test_a_finished_run_processes_no_shard_again(runs: Runs) -> None:
    """The same plan is used, no row is processed and no published file is written, with other limits too."""
    before, plan = runs.published(), read_json(runs.results.plan_facts)
    assert plan is not None
    assert runs.run() == (0, 0, plan["plan_id"])
    assert runs.run(max_concurrency=3) == (0, 0, plan["plan_id"])
    assert runs.published() == before


def test_only_the_shard_of_a_missing_file_is_processed(runs: Runs) -> None:
    """The file is assembled again from its answer; other shards are left alone."""
    plan = runs.run()[2]
    item = runs.results.audio / "b.wav"
    content = item.read_bytes()
    item.unlink()
    assert runs.run() == (1, 0, plan)
    assert item.read_bytes() == content


def test_a_replaced_file_of_the_same_size_is_noticed(runs: Runs) -> None:
    """A file that voicemill did not write is kept, and its row is refused."""
    item = runs.results.audio / "b.wav"
    item.write_bytes(item.read_bytes()[::-1])
    result = voicemill.run(runs.manifest, runs.results.path)
    assert result.counts == {"done": 3, "refused": 1, "failed": 0, "not_started": 0}
    assert list(result.failures["id"]) == ["b"]


@pytest.mark.parametrize("change", ["manifest", "settings", "items", "plan", "table plan"])
def test_everything_is_checked_again_after_a_change(runs: Runs, change: str) -> None:
    """A changed manifest, setting, table or plan is noticed: every row is checked, and only new calls are made."""
    plan, calls = runs.run()[2], 0
    options: dict[str, str] = {}
    if change == "manifest":
        runs.write([*_ROWS[:3], {"id": "d", "text": "Another text."}])
        calls = 1
    elif change == "settings":
        options = {"language": "de"}
        calls = 4
    else:
        of = {"items": runs.results.items, "plan": runs.results.plan, "table plan": runs.results.table_plan}[change]
        of.write_bytes(of.read_bytes()[:-9])
    shards, made, found = runs.run(**options)
    assert (shards, made) == (4, calls)
    assert (found == plan) == (change in ("items", "table plan"))


def test_the_plan_of_a_manifest_with_text_files_is_made_again(
    service: SpeechService, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Files that a manifest names may change without it, so every row is checked again."""
    runs = Runs(tmp_path, monkeypatch)
    (tmp_path / "one.txt").write_text("One.")
    runs.write([{"id": "a", "text_file": "one.txt"}])
    first = runs.run()
    (tmp_path / "one.txt").write_text("Another one.")
    again = runs.run()
    assert (again[:2], again[2] != first[2]) == ((1, 1), True)
    assert service.requested == ["One.", "Another one."]


def test_an_interrupted_rerun_is_resumed_row_by_row(runs: Runs) -> None:
    """While parts of a killed run exist, rows are taken from them, not from the older table."""
    plan = runs.run()[2]
    left = runs.results.new_parts("killed") / "00000.0.parquet"
    left.write_bytes(runs.results.items.read_bytes())
    assert runs.run() == (4, 0, plan)
    assert not left.exists()
