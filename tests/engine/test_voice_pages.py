"""Lists of voices: an array in the oldest API version, pages in later ones."""

from typing import Any

import httpx
import pytest

from tests.engine.requests import SARAH, client
from voicemill.engine.voices.catalogue import built_in_voices

IDS = [voice.id for voice in built_in_voices()]
REQUIRED = {"id", "is_public", "is_owner", "name", "description", "created_at", "language", "locales", "access"}


@pytest.mark.parametrize("path", ["/voices", "/voices/"])
async def test_the_oldest_version_gets_every_voice_as_an_array(engine_app: Any, path: str) -> None:
    """With and without a trailing slash, without a redirect."""
    async with client(engine_app, version="2024-06-10") as api:
        response = await api.get(path)
    assert response.status_code == 200
    assert [voice["id"] for voice in response.json()] == IDS
    assert response.json()[0].keys() >= REQUIRED


async def test_pages_of_ten_by_default(api: httpx.AsyncClient) -> None:
    """A page has `has_more` and `next_page`."""
    page = (await api.get("/voices/")).json()
    assert [voice["id"] for voice in page["data"]] == IDS[:10]
    assert (page["has_more"], page["next_page"]) == (True, IDS[9])


@pytest.mark.parametrize("limit", [1, 7, 100])
async def test_pages_forward_have_every_voice_once(api: httpx.AsyncClient, limit: int) -> None:
    """`starting_after` with `next_page` leads through all pages."""
    met: list[str] = []
    after: dict[str, str] = {}
    while True:
        page = (await api.get("/voices", params={"limit": limit, **after})).json()
        met += [voice["id"] for voice in page["data"]]
        if not page["has_more"]:
            break
        after = {"starting_after": page["next_page"]}
    assert met == IDS
    assert page["next_page"] is None


async def test_pages_backward(api: httpx.AsyncClient) -> None:
    """`ending_before` returns the page before an id, in the same order."""
    page = (await api.get("/voices", params={"limit": 3, "ending_before": IDS[5]})).json()
    assert [voice["id"] for voice in page["data"]] == IDS[2:5]
    assert (page["has_more"], page["next_page"]) == (True, IDS[2])
    first = (await api.get("/voices", params={"limit": 3, "ending_before": IDS[2]})).json()
    assert [voice["id"] for voice in first["data"]] == IDS[:2]
    assert (first["has_more"], first["next_page"]) == (False, None)


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ({"gender": "gender_neutral"}, 2),
        ({"language": "es"}, 2),
        ({"q": "sarah"}, 1),
        ({"is_owner": "true"}, 0),
        ({"is_starred": "false"}, 25),
    ],
)
async def test_filters(api: httpx.AsyncClient, query: dict[str, str], count: int) -> None:
    """Each filter returns the matching voices only."""
    page = (await api.get("/voices", params={"limit": "100", **query})).json()
    assert len(page["data"]) == count


@pytest.mark.parametrize("query", [{"limit": "0"}, {"limit": "101"}, {"gender": "bass"}, {"starting_after": "x"}])
async def test_invalid_query_is_a_400(api: httpx.AsyncClient, query: dict[str, str]) -> None:
    """The message names the parameter."""
    response = await api.get("/voices", params=query)
    assert response.status_code == 400
    assert next(iter(query)) in response.text


async def test_voice_by_id(api: httpx.AsyncClient) -> None:
    """Ids are case-insensitive."""
    assert (await api.get(f"/voices/{SARAH}")).json()["name"] == "Sarah"
    assert (await api.get(f"/voices/{SARAH.upper()}")).json()["id"] == SARAH
