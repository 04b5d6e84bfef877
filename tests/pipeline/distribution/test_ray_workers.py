"""Runs in actors of a Ray cluster on loopback. Skipped without `pip install 'voicemill[ray]'`."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.flows.results import short_rows, violations, write_manifest
from tests.flows.speech_service import SpeechService, speech_service
from tests.pipeline.distribution.killed_workers import audio_of, expected_audio, run_and_kill_at_call, settings
from tests.pipeline.distribution.ray_cluster import ray_cluster
from voicemill.errors import ExitCode

pytest.importorskip("ray", reason="Ray is not installed: pip install 'voicemill[ray]'")

_CONCURRENCY = 8


@pytest.fixture
def service() -> Iterator[SpeechService]:
    """A service that the environment of the cluster names."""
    with speech_service() as service:
        yield service


@pytest.mark.clusters
async def test_a_ray_cluster_survives_the_death_of_a_worker(service: SpeechService, tmp_path: Path) -> None:
    """Two actors, one of them killed, write the bytes of a local run and repeat only calls in flight."""
    service.speaker.latency_s = 0.05
    manifest = write_manifest(tmp_path / "book.csv", short_rows(100))
    with ray_cluster() as runner:
        chosen = settings(runner)
        summary = await run_and_kill_at_call(manifest, tmp_path / "ray", chosen, service, 30)
    assert (summary.exit_code, summary.rows["done"]) == (ExitCode.OK, 100)
    assert 100 <= len(service.requested) <= 100 + _CONCURRENCY
    assert max(call.in_flight for call in service.server.calls) <= _CONCURRENCY
    assert violations(tmp_path / "ray") == []
    assert audio_of(tmp_path / "ray") == expected_audio(100)
