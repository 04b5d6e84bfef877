"""Looking for voices and making one's own: what goes out, and what comes back in every version's shape."""

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


async def asked(method: Callable[[CartesiaClient], Awaitable[Any]], answer: Any) -> tuple[Any, Call]:
    """What a method gives for an answer, and what it asked."""
    with HostileServer(
        [answer if isinstance(answer, Reply) else Reply(200, (), json.dumps(answer).encode())]
    ) as server:
        async with cartesia(server.url) as service:
            result = await method(service)
        return result, server.calls[0]


async def listed(answer: Any, **filters: Any) -> tuple[list[str], Call]:
    """The ids that a list gives, and what was asked."""

    async def ids(service: CartesiaClient) -> list[str]:
        return [voice.id async for voice in service.voices.list(**filters)]

    return await asked(ids, answer)


async def test_a_voice_is_as_rich_as_the_wire_gives_it() -> None:
    """Old and new fields are read, each in its type; what is not told is None."""
    voice, _ = await asked(lambda service: service.voices.get("v"), NEW)
    made = datetime(2024, 11, 13, 7, 6, 22, 476564, tzinfo=UTC)
    assert voice == Voice(
        "v", "N", "en", "D", is_public=False, is_owner=True, user_id="u", gender="feminine", created_at=made,
        embedding=(0.5,) * 192,
    )  # fmt: skip
    assert "0.5" not in repr(voice)
    voice, _ = await asked(lambda service: service.voices.get("v"), OLD)
    assert (voice.is_owner, voice.gender, voice.embedding) == (None, None, None)


@pytest.mark.parametrize(
    "odd", [{"created_at": "long ago"}, {"gender": 7}, {"embedding": "none"}, {"country": []}], ids=str
)
async def test_an_odd_detail_spoils_no_voice(odd: dict[str, Any]) -> None:
    """What is only nice to know is left out where it makes no sense; the voice can still speak."""
    voice, _ = await asked(lambda service: service.voices.get("v"), NEW | odd)
    assert (voice.id, getattr(voice, next(iter(odd)))) == ("v", None)


async def test_filters_are_asked_for_by_their_names() -> None:
    """Each filter, the place and the page's size are in the query, and expansions repeat."""
    filters = {"limit": 7, "starting_after": "a", "is_owner": True, "q": "x y", "language": "de", "gender": "feminine"}
    _, call = await listed({"data": []}, **filters, expand=("embedding", "is_starred"))
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
async def test_the_plain_list_is_filtered_here(filters: dict[str, Any], ids: str) -> None:
    """The first version knows no filters, but whoever asks for German voices gets no others."""
    assert (await listed(VOICES, **filters))[0] == list(ids)


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
    "create from nothing": (
        lambda service: service.voices.create(name="N", description="D"),
        "POST", "/voices/", {"name": "N", "description": "D", "embedding": []},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", METHODS)
async def test_a_voice_is_made_as_the_reference_does(name: str) -> None:
    """Path and body are those of the reference, and the voice that is answered is read."""
    method, verb, path, body = METHODS[name]
    voice, call = await asked(method, OLD)
    assert (call.method, call.path, call.json_body) == (verb, path, body)
    assert voice.id == "v"


async def test_a_mix_has_ids_and_embeddings() -> None:
    """Shares are named either way, and the answer is an embedding."""
    shares = [Share(0.25, voice_id="a"), Share(0.75, embedding=(1.0, 2.0))]
    embedding, call = await asked(lambda service: service.voices.mix(shares), {"embedding": [0.5] * 192})
    assert call.json_body == {"voices": [{"id": "a", "weight": 0.25}, {"embedding": [1.0, 2.0], "weight": 0.75}]}
    assert embedding == (0.5,) * 192


@pytest.mark.parametrize("fields", [{}, {"voice_id": "a", "embedding": [1.0]}], ids=str)
def test_a_share_is_of_one_voice(fields: dict[str, Any]) -> None:
    """Neither none nor two."""
    with pytest.raises(ValueError, match="one of"):
        Share(1.0, **fields)


@pytest.mark.parametrize("reply", [Reply(204), Reply(200, (), b""), Reply(200, (), b"null")], ids=repr)
async def test_deleting_answers_nothing(reply: Reply) -> None:
    """Whatever the body of a good answer, the voice is gone."""
    result, call = await asked(lambda service: service.voices.delete("v"), reply)
    assert result is None
    assert (call.method, call.path, call.body) == ("DELETE", "/voices/v", b"")


@pytest.mark.parametrize("voice_id", ["", ".", ".."])
async def test_an_id_that_would_be_another_place_is_not_asked_for(voice_id: str) -> None:
    """Nothing is deleted, changed or read at the place above."""
    with HostileServer([Reply(200, (), b"{}")]) as server:
        async with cartesia(server.url) as service:
            for method in (service.voices.get, service.voices.delete, service.voices.update):
                with pytest.raises(Refused, match="not a voice id"):
                    await method(voice_id)
        assert server.calls == []


@pytest.mark.parametrize("answer", [{}, [], {"embedding": "x"}, {"embedding": ["x"]}, {"embedding": [None]}], ids=str)
async def test_a_mix_of_another_shape_is_a_bad_answer(answer: Any) -> None:
    """What is no embedding is told as such."""
    with pytest.raises(BadAnswer):
        await asked(lambda service: service.voices.mix([Share(1, voice_id="a")]), answer)
