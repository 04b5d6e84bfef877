"""Search, create and edit voices: requests, and responses in the shape of each API version."""

import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.cartesia.sending import cartesia
from tests.hostile_server import Call, HostileServer, Reply
from tests.hostile_speech import SARAH
from voicemill.cartesia.client import CartesiaClient
from voicemill.cartesia.voices import Share
from voicemill.errors import BadAnswer, Refused
from voicemill.model import Voice

OLD = {
    "id": "v", "user_id": "u", "is_public": False, "name": "N", "description": "D", "language": "en",
    "created_at": "2024-11-13T07:06:22.476564Z",
}  # fmt: skip
NEW = OLD | {"is_owner": True, "gender": "feminine", "country": None, "embedding": [0.5] * 192, "locales": ["en"]}


async def call_method(method: Callable[[CartesiaClient], Awaitable[Any]], answer: Any) -> tuple[Any, Call]:
    """The result of a method for a given response, and the request that it sent."""
    with HostileServer(
        [answer if isinstance(answer, Reply) else Reply(200, (), json.dumps(answer).encode())]
    ) as server:
        async with cartesia(server.url) as service:
            result = await method(service)
        return result, server.calls[0]


async def list_ids(answer: Any, **filters: Any) -> tuple[list[str], Call]:
    """The ids in a list of voices, and the request that was sent."""

    async def ids(service: CartesiaClient) -> list[str]:
        return [voice.id async for voice in service.voices.list(**filters)]

    return await call_method(ids, answer)


async def test_all_fields_of_a_voice_are_read() -> None:
    """Old and new fields are read with their types; missing fields are None."""
    voice, _ = await call_method(lambda service: service.voices.get("v"), NEW)
    created = datetime(2024, 11, 13, 7, 6, 22, 476564, tzinfo=UTC)
    assert voice == Voice(
        "v", "N", "en", "D", is_public=False, is_owner=True, user_id="u", gender="feminine", created_at=created,
        embedding=(0.5,) * 192,
    )  # fmt: skip
    assert "0.5" not in repr(voice)
    voice, _ = await call_method(lambda service: service.voices.get("v"), OLD)
    assert (voice.is_owner, voice.gender, voice.embedding) == (None, None, None)


@pytest.mark.parametrize(
    "odd", [{"created_at": "long ago"}, {"gender": 7}, {"embedding": "none"}, {"country": []}], ids=str
)
async def test_invalid_optional_field_is_none(odd: dict[str, Any]) -> None:
    """An optional field with an invalid value is None, and the voice is usable."""
    voice, _ = await call_method(lambda service: service.voices.get("v"), NEW | odd)
    assert (voice.id, getattr(voice, next(iter(odd)))) == ("v", None)


async def test_filters_are_query_parameters() -> None:
    """Each filter, the position and the page size are in the query, and `expand[]` repeats."""
    filters = {"limit": 7, "starting_after": "a", "is_owner": True, "q": "x y", "language": "de", "gender": "feminine"}
    _, call = await list_ids({"data": []}, **filters, expand=("embedding", "is_starred"))
    assert call.path == (
        "/voices/?limit=7&is_owner=true&q=x+y&language=de&gender=feminine"
        "&expand%5B%5D=embedding&expand%5B%5D=is_starred&starting_after=a"
    )


VOICES = [
    OLD | {"id": "a", "name": "Anna", "language": "de", "is_public": True},
    OLD | {"id": "b", "name": "Bert", "language": "en", "gender": "masculine"},
    OLD | {"id": "c", "name": "Carl", "language": "de", "is_owner": True},
]


@pytest.mark.parametrize(
    ("filters", "ids"),
    [
        ({}, "abc"),
        ({"language": "de"}, "ac"),
        ({"is_owner": True}, "bc"),
        ({"is_owner": False}, "a"),
        ({"q": "aNN"}, "a"),
        ({"gender": "masculine"}, "b"),
        ({"starting_after": "a"}, "bc"),
        ({"starting_after": "a", "language": "de"}, "c"),
    ],
)
async def test_plain_list_is_filtered_by_the_client(filters: dict[str, Any], ids: str) -> None:
    """The first API version does not filter, so the client does."""
    assert (await list_ids(VOICES, **filters))[0] == list(ids)


METHODS: dict[str, tuple[Callable[[CartesiaClient], Awaitable[Any]], str, str, Any]] = {
    "update": (
        lambda service: service.voices.update("a b", name="N", description="D"),
        "PATCH", "/voices/a%20b", {"name": "N", "description": "D"},
    ),
    "update the gender": (
        lambda service: service.voices.update("v", gender="gender_neutral"),
        "PATCH", "/voices/v", {"gender": "gender_neutral"},
    ),
    "localize": (
        lambda service: service.voices.localize(
            voice_id=SARAH, name="N", description="D", language="es", original_speaker_gender="female", dialect="pe"
        ),
        "POST", "/voices/localize",
        {"voice_id": SARAH, "name": "N", "description": "D", "language": "es", "original_speaker_gender": "female",
         "dialect": "pe"},
    ),
    "create": (
        lambda service: service.voices.create(
            name="N", description="D", embedding=[0.25], language="en", base_voice_id="v"
        ),
        "POST", "/voices/",
        {"name": "N", "description": "D", "embedding": [0.25], "language": "en", "base_voice_id": "v"},
    ),
    "create with an empty embedding": (
        lambda service: service.voices.create(name="N", description="D"),
        "POST", "/voices/", {"name": "N", "description": "D", "embedding": []},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", METHODS)
async def test_create_requests_have_the_documented_form(name: str) -> None:
    """Path and body are the documented ones, and the voice in the response is read."""
    method, verb, path, body = METHODS[name]
    voice, call = await call_method(method, OLD)
    assert (call.method, call.path, call.json_body) == (verb, path, body)
    assert voice.id == "v"


async def test_mix_accepts_ids_and_embeddings() -> None:
    """A mix names voices by id or embedding and returns an embedding."""
    shares = [Share(0.25, voice_id="a"), Share(0.75, embedding=(1.0, 2.0))]
    embedding, call = await call_method(lambda service: service.voices.mix(shares), {"embedding": [0.5] * 192})
    assert call.json_body == {"voices": [{"id": "a", "weight": 0.25}, {"embedding": [1.0, 2.0], "weight": 0.75}]}
    assert embedding == (0.5,) * 192


@pytest.mark.parametrize("fields", [{}, {"voice_id": "a", "embedding": [1.0]}], ids=str)
def test_share_needs_exactly_one_voice(fields: dict[str, Any]) -> None:
    """A share with neither or both of id and embedding raises an error."""
    with pytest.raises(ValueError, match="one of"):
        Share(1.0, **fields)


@pytest.mark.parametrize("reply", [Reply(204), Reply(200, (), b""), Reply(200, (), b"null")], ids=repr)
async def test_delete_returns_nothing(reply: Reply) -> None:
    """Any successful response means that the voice is deleted."""
    result, call = await call_method(lambda service: service.voices.delete("v"), reply)
    assert result is None
    assert (call.method, call.path, call.body) == ("DELETE", "/voices/v", b"")


@pytest.mark.parametrize("voice_id", ["", ".", ".."])
async def test_id_that_changes_the_path_is_refused(voice_id: str) -> None:
    """No request is sent for an id that would address another path."""
    with HostileServer([Reply(200, (), b"{}")]) as server:
        async with cartesia(server.url) as service:
            for method in (service.voices.get, service.voices.delete, service.voices.update):
                with pytest.raises(Refused, match="not a voice id"):
                    await method(voice_id)
        assert server.calls == []


@pytest.mark.parametrize("answer", [{}, [], {"embedding": "x"}, {"embedding": ["x"]}, {"embedding": [None]}], ids=str)
async def test_invalid_embedding_is_a_bad_answer(answer: Any) -> None:
    """A response without an embedding is a bad answer."""
    with pytest.raises(BadAnswer):
        await call_method(lambda service: service.voices.mix([Share(1, voice_id="a")]), answer)
