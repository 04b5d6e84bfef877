"""Fault injection: configured shares, reproducible by seed, and off by default."""

from collections import Counter
from typing import Any

import pytest

from tests.engine.requests import client
from voicemill.engine.app import create_app
from voicemill.engine.faults import Faults
from voicemill.engine.settings import EngineSettings


async def statuses(faults: Faults | None, count: int = 400) -> list[tuple[int, int]]:
    """The status and the length of the body of many requests."""
    app = create_app(EngineSettings(workers=1, faults=faults))
    async with client(app) as api:
        answers = [await api.get("/voices/694f9389-aac1-45b6-b726-9d9369183238") for _ in range(count)]
        assert (await api.get("/")).status_code == 200
    return [(answer.status_code, len(answer.content)) for answer in answers]


async def test_nothing_fails_without_fault_injection() -> None:
    """Two hundred requests get the same successful response."""
    assert len(set(await statuses(None, 200))) == 1


async def test_faults_have_the_configured_shares_and_are_reproducible() -> None:
    """Each kind is a fifth of the requests within 6 %; the seed determines the sequence."""
    faults = Faults(seed=7, throttled=0.2, failed=0.2, cut=0.2)
    seen = await statuses(faults)
    whole = max(length for status, length in seen if status == 200)
    kinds = Counter("cut" if status == 200 and length < whole else str(status)[0] for status, length in seen)
    assert kinds["4"] == pytest.approx(80, abs=24)
    assert kinds["5"] == pytest.approx(80, abs=24)
    assert kinds["cut"] == pytest.approx(80, abs=24)
    assert {status for status, _ in seen} == {200, 429, 500, 502, 503, 504}
    assert {length for status, length in seen if status == 200} == {whole, whole // 2}
    assert await statuses(faults) == seen != await statuses(Faults(seed=8, throttled=0.2, failed=0.2, cut=0.2))


@pytest.mark.parametrize(("retry_after_s", "header"), [(None, None), (2.0, "2"), (0.5, "0.5")])
async def test_429_has_retry_after_if_configured(retry_after_s: float | None, header: str | None) -> None:
    """The error code is that of the API."""
    app = create_app(EngineSettings(workers=1, faults=Faults(throttled=1.0, retry_after_s=retry_after_s)))
    async with client(app, version="2026-03-01") as api:
        answer = await api.get("/voices")
    assert answer.status_code == 429
    assert answer.json()["error_code"] == "concurrency_limited"
    assert answer.json()["request_id"] == answer.headers["x-request-id"]
    assert answer.headers.get("retry-after") == header


@pytest.mark.parametrize(
    "wrong", [{"throttled": 1.1}, {"failed": -0.1}, {"cut": 0.6, "failed": 0.6}, {"latency_s": -1}]
)
def test_invalid_shares_are_refused(wrong: dict[str, Any]) -> None:
    """The error names the field."""
    with pytest.raises(ValueError, match="|".join(wrong)):
        Faults(**wrong)
