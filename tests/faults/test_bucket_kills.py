"""Workers that share no folder, killed at random moments: complete results in the object store, few repeated calls."""

import random
from collections.abc import Iterator
from dataclasses import asdict
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.faults.figures import SEED, SHARE, Report, size
from tests.faults.worker_kills import KillTotals, kill_moment
from tests.flows.results import short_rows, violations, write_manifest
from tests.flows.speech_service import SpeechService
from tests.pipeline.distribution.bucket_runs import bucket, cluster_without_shared_folder, download, run_and_kill_at
from tests.pipeline.distribution.killed_workers import audio_of, expected_audio, settings
from voicemill.errors import ExitCode

pytestmark = [
    pytest.mark.skipif(not SHARE, reason="starts several processes for each kill: `make faults`"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning"),
]

_ROWS = 40
_SHARD_ROWS = 8
_CONCURRENCY = 8
_LATENCY_S = 0.05


@pytest.fixture
def runner(
    request: pytest.FixtureRequest, service: SpeechService, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[str]:
    """A runner of a kind with two workers, and a bucket."""
    monkeypatch.setenv("VOICEMILL_SCRATCH", str(tmp_path / "scratch"))
    service.speaker.latency_s = _LATENCY_S
    with bucket():
        if request.param == "process":
            yield "process:2"
            return
        if find_spec("distributed") is None:
            pytest.skip("needs voicemill[dask]")
        with cluster_without_shared_folder(tmp_path, replaces_workers=True) as cluster:
            yield cluster.runner


@pytest.mark.parametrize("runner", ["process", "dask"], indirect=True)
async def test_kills_of_workers_without_a_shared_folder(
    service: SpeechService, runner: str, tmp_path: Path, report: Report
) -> None:
    """After SIGKILL of a worker at a random moment, all stored files are those of a local run, within the limit."""
    kind = runner.partition(":")[0]
    dice, totals, expected = random.Random(f"{SEED} bucket {kind}"), KillTotals(), expected_audio(_ROWS)
    manifest, chosen = (
        write_manifest(tmp_path / "book.csv", short_rows(_ROWS)),
        settings(runner, shard_rows=_SHARD_ROWS),
    )
    for number in range(size(nightly=10, usual=2)):
        service.reset_calls()
        address = f"s3://results/{kind}-{number}"
        summary = await run_and_kill_at(
            manifest, address, chosen, kill_moment(service, dice.randint(1, _ROWS - 2 * _CONCURRENCY), dice)
        )
        assert summary.exit_code == ExitCode.OK
        results = download(address, tmp_path / "downloaded")
        wrong_files = len(violations(results)) + (audio_of(results) != expected)
        totals.add(service, _ROWS, _ROWS - summary.rows["done"], wrong_files)
        report(f"bucket_kills_{kind}", asdict(totals))
        assert totals.rows_not_done == totals.wrong_files == 0
        assert totals.calls_repeated_at_a_kill_at_most <= _CONCURRENCY
        assert totals.calls_in_flight_at_most <= _CONCURRENCY
