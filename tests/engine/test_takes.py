"""The `Voicemill-Take` header: another reading of the same request."""

from typing import Any

import httpx
import pytest

from tests.engine.requests import speech_body

SHORT = "Good morning, how are you?"


async def reading(api: httpx.AsyncClient, header: str | None = None, **fields: Any) -> bytes:
    """The speech for one value of the header."""
    headers = {} if header is None else {"Voicemill-Take": header}
    response = await api.post("/tts/bytes", json=speech_body(SHORT, **fields), headers=headers)
    assert response.status_code == 200, response.text
    return response.content


async def test_each_take_is_another_reading(api: httpx.AsyncClient) -> None:
    """Eight takes are eight different files, each the same when it is requested again."""
    takes = [await reading(api, str(take)) for take in range(8)]
    assert len(set(takes)) == 8
    assert takes[5] == await reading(api, "5")


async def test_take_0_is_the_usual_reading(api: httpx.AsyncClient) -> None:
    """Neither a header nor a field of 0 changes the bytes."""
    usual = await reading(api)
    assert usual == await reading(api, "0") == await reading(api, take=0)


async def test_field_has_priority_over_header(api: httpx.AsyncClient) -> None:
    """A `take` in the body is used, whatever the header says."""
    assert await reading(api, "9", take=3) == await reading(api, "3") != await reading(api, "9", take=0)


@pytest.mark.parametrize("take", ["-1", "1.5", "one", "", "1000001", "9" * 5000, "²"])
async def test_invalid_take_is_a_400_that_names_the_header(api: httpx.AsyncClient, take: str) -> None:
    """Only whole numbers from 0 to 1,000,000 are accepted."""
    response = await api.post("/tts/bytes", json=speech_body(SHORT), headers={b"Voicemill-Take": take.encode()})
    assert response.status_code == 400
    assert "Voicemill-Take" in response.text
