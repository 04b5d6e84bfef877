"""Lists of voices, in the shape of each API version."""

import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.cartesia.sending import cartesia
from tests.hostile_server import Call, HostileServer, Reply
from tests.hostile_speech import SARAH, VOICES, Speaker, error_reply
from voicemill.errors import BadAnswer, Refused
from voicemill.model import Voice


def answer(content: object) -> Reply:
    """A 200 with JSON."""
    return Reply(200, [("Content-Type", "application/json")], json.dumps(content).encode())


def voice(number: int) -> dict[str, Any]:
    """A voice as returned by the service, including undocumented fields."""
    return {"id": f"v{number:03d}", "name": f"Voice {number}", "language": "en", "embedding": [0.0] * 192, "new": {}}


async def listed(server: HostileServer, api_version: str = "2024-11-13") -> list[Voice]:
    """All voices of a server."""
    async with cartesia(server.url, api_version=api_version) as service:
        return [voice async for voice in service.voices.list()]


class Pages:
    """Voices in pages of at most `size`, with or without naming the next page."""

    def __init__(self, count: int, size: int, *, names_next: bool) -> None:
        self._voices = [voice(number) for number in range(count)]
        self._size = size
        self._names_next = names_next

    def __call__(self, call: Call) -> Reply:
        """The page after `starting_after`."""
        query = parse_qs(urlsplit(call.path).query)
        ids = [voice["id"] for voice in self._voices]
        start = ids.index(query["starting_after"][0]) + 1 if "starting_after" in query else 0
        shown = self._voices[start : start + min(self._size, int(query["limit"][0]))]
        more = start + len(shown) < len(ids)
        page: dict[str, Any] = {"data": shown, "has_more": more}
        return answer(page | ({"next_page": shown[-1]["id"] if more else None} if self._names_next else {}))


@pytest.mark.parametrize("names_next", [True, False], ids=["next page named", "last id counts"])
@pytest.mark.parametrize(("count", "pages"), [(0, 1), (1, 1), (7, 1), (8, 2), (23, 4)])
async def test_all_pages_are_read(count: int, pages: int, *, names_next: bool) -> None:
    """Every voice is returned once and in order, and no page is requested twice."""
    with HostileServer(Pages(count, 7, names_next=names_next)) as server:
        assert [voice.id for voice in await listed(server)] == [f"v{number:03d}" for number in range(count)]
        assert len(server.calls) == pages


async def test_plain_list_of_the_first_version_is_read() -> None:
    """API version 2024-06-10 returns a plain list."""
    with HostileServer(Speaker()) as server:
        voices = await listed(server, api_version="2024-06-10")
        assert server.calls[0].path.startswith("/voices/?")
    assert voices[0] == Voice(SARAH, "Sarah", "en", "Voice of the hostile server")
    assert len(voices) == len(VOICES)


@pytest.mark.parametrize("names_next", [True, False])
async def test_circular_pages_end(*, names_next: bool) -> None:
    """A service that always announces more pages gets two requests."""
    page: dict[str, Any] = {"data": [voice(1)], "has_more": True}
    with HostileServer([answer(page | ({"next_page": "v001"} if names_next else {}))]) as server:
        await listed(server)
        assert len(server.calls) == 2


async def test_empty_page_ends_the_list() -> None:
    """An empty page that announces more is the last."""
    with HostileServer([answer({"data": [], "has_more": True})]) as server:
        assert await listed(server) == []
        assert len(server.calls) == 1


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"7",
        b'"voices"',
        b"{}",
        b'{"data": 7}',
        b'[{"name": "no id"}]',
        b"[[]]",
        b"<html>",
        b"\xff\xfe",
        b"[" * 100_000,
    ],
    ids=lambda body: repr(body[:20]),
)
async def test_invalid_list_is_a_bad_answer(body: bytes) -> None:
    """A response that is not a list of voices raises a `BadAnswer`."""
    with HostileServer([Reply(200, (), body)]) as server, pytest.raises(BadAnswer):
        await listed(server)


async def test_get_returns_one_voice() -> None:
    """`voices.get` returns one voice."""
    with HostileServer(Speaker()) as server:
        async with cartesia(server.url) as service:
            assert (await service.voices.get(SARAH)).name == "Sarah"
        assert server.calls[0].path == f"/voices/{SARAH}"


async def test_id_is_escaped_in_the_path() -> None:
    """Slashes, spaces and question marks of an id are sent as part of the id."""
    with HostileServer([error_reply(404, "Not found", "No such voice")]) as server:
        async with cartesia(server.url) as service:
            with pytest.raises(Refused):
                await service.voices.get("../access-token?a b#c")
        assert server.calls[0].path == "/voices/..%2Faccess-token%3Fa%20b%23c"


@pytest.mark.parametrize("body", [b"[]", b'{"ok": true}', b"null", b"up"], ids=repr)
async def test_invalid_status_response_is_a_bad_answer(body: bytes) -> None:
    """A status response of another shape is a bad answer."""
    with HostileServer([Reply(200, (), body)]) as server:
        async with cartesia(server.url) as service:
            with pytest.raises(BadAnswer):
                await service.api_status.get()
