"""The key is in the request header and nowhere else."""

import base64
import copy
import json
import logging
import pickle
import traceback
from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import quote

import aiohttp
import httpx
import pytest

from tests.cartesia.sending import CALL, KEY, Raising, accepted, cartesia, send
from tests.hostile_server import End, HostileServer, Reply
from tests.hostile_speech import error_reply, speech_for
from voicemill.cartesia.transport import Transport
from voicemill.config import KEY_VARIABLE, ApiKey
from voicemill.errors import CallError, ConfigError, VoicemillError

GOOD = speech_for(CALL.transcript, CALL.sample_rate_hz)
FORMS = (KEY, quote(KEY), base64.b64encode(KEY.encode()).decode(), KEY[7:], KEY[::-1])


@pytest.fixture(autouse=True)
def all_logs(caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    """Capture the logs of all libraries, and search them for the key after the test."""
    with caplog.at_level(logging.DEBUG):
        yield caplog
    for record in caplog.records:
        assert not found_in(f"{record.getMessage()}{record.args!r}{record.exc_text}{record.__dict__!r}")


def found_in(text: str) -> list[str]:
    """The forms of the key that occur in `text`."""
    return [form for form in FORMS if form in text]


def everything_about(error: BaseException) -> str:
    """Everything that a log or crash report may print of an error, including local variables of product frames."""
    chain = [error]
    while (linked := chain[-1].__cause__ or chain[-1].__context__) is not None:
        chain.append(linked)
    return "".join(f"{link!s}{link!r}{link.args!r}{vars(link)!r}{locals_of(link)}" for link in chain)


def locals_of(error: BaseException) -> str:
    """The local variables of every frame of the product and its libraries in the traceback of an error."""
    frames = traceback.TracebackException.from_exception(error, capture_locals=True).stack
    inside = [frame for frame in frames if "/tests/" not in frame.filename]
    assert inside
    return "".join(f"{frame.name}{frame.locals}" for frame in inside)


FAILING = [
    Reply(401, (), f"Unauthorized: the key {KEY} is not known".encode()),
    error_reply(401, "Unauthorized", f"No such key: {KEY}", KEY),
    error_reply(402, "Payment required", f"{KEY} has no credits"),
    Reply(400, [("X-Request-Id", "r")], json.dumps({"error": {"headers": {"X-API-Key": KEY}}}).encode()),
    Reply(500, (), KEY.encode() * 10_000),
    Reply(302, [("Location", "http://127.0.0.1:1/")]),
    Reply(200, (), b"no audio"),
    Reply(200, [("Content-Encoding", "gzip")], b""),
    Reply(200, [("X-Long", "x" * 100_000)], GOOD),
    Reply(200, (), GOOD * 200),
    *(Reply(200, (), GOOD, end) for end in End if end not in (End.WHOLE, End.CHUNKED, End.CLOSED, End.THEN_GONE)),
]


@pytest.mark.parametrize("reply", FAILING, ids=lambda reply: f"{reply.status}-{reply.end}-{reply.body[:12]!r}")
async def test_failing_responses_do_not_leak_the_key(reply: Reply) -> None:
    """The key is not in the text, arguments, attributes, causes or local variables of an error, even if a response
    quotes it."""
    with HostileServer([reply]) as server, pytest.raises(CallError) as caught:
        await accepted(server, deadline_s=1, max_body_bytes=1_000_000)
    assert server.calls[0].headers["x-api-key"] == KEY
    assert found_in(everything_about(caught.value)) == []


@pytest.mark.parametrize("url", ["http://127.0.0.1:1", "https://127.0.0.1:1", "http://no-such-host.invalid"])
async def test_failing_connections_do_not_leak_the_key(url: str) -> None:
    """The key is in no part of an error for a request that was not sent."""
    async with cartesia(url) as service:
        with pytest.raises(CallError) as caught:
            await send(service)
    assert found_in(everything_about(caught.value)) == []


async def test_foreign_exceptions_do_not_leak_the_key() -> None:
    """Exceptions of httpx and aiohttp hold the request headers; the mapped errors hold none of them."""
    request = httpx.Request("POST", "http://x.invalid", headers={"X-API-Key": KEY})
    info = aiohttp.RequestInfo(request.url, "POST", request.headers, request.url)  # type: ignore[arg-type]
    for error in (httpx.ReadTimeout(KEY, request=request), aiohttp.ClientResponseError(info, (), message=KEY)):
        async with cartesia(transport=Raising(error)) as service:
            with pytest.raises(CallError) as caught:
                await send(service)
        assert found_in(everything_about(caught.value)) == []


async def test_key_is_in_one_header_only() -> None:
    """The path, the body and the other headers do not contain the key."""
    with HostileServer([Reply(200, (), GOOD)]) as server:
        await accepted(server, replace(CALL))
    call = server.calls[0]
    assert [name for name, value in call.headers.items() if KEY in value] == ["x-api-key"]
    assert KEY not in call.path
    assert KEY.encode() not in call.body


def test_key_is_masked() -> None:
    """Every text form of a key shows four stars."""
    key = ApiKey(KEY)
    shown = f"{key} {key!r} {key!s} {[key]} { ({'key': key}) }"
    assert found_in(shown) == []
    assert str(key) == "ApiKey(****)"


def test_key_cannot_be_pickled_or_copied() -> None:
    """Pickling, copying and JSON raise an error, for the key and for a client that holds it."""
    key = ApiKey(KEY)
    transport = Transport("http://x.invalid", key, api_version="2024-11-13", transport=Raising(ValueError()))
    for holder in (key, [key], {"key": key}, transport):
        for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
            with pytest.raises(TypeError, match="not pickled"):
                pickle.dumps(holder, protocol)
        with pytest.raises(TypeError):
            copy.deepcopy(holder)
    with pytest.raises(TypeError):
        json.dumps({"key": key})
    with pytest.raises(TypeError):
        vars(key)


def test_client_text_does_not_contain_the_key() -> None:
    """The text of a transport and of a client does not contain the key."""
    transport = Transport("http://x.invalid", ApiKey(KEY), api_version="2024-11-13", transport=Raising(ValueError()))
    assert found_in(f"{transport!r} {transport} {vars(transport)!r}") == []


@pytest.mark.parametrize("value", ["", "  ", f"{KEY}\u00e9", f"{KEY}\x00", f"{KEY}\r\nX-Other: 1", f"{KEY}\x7f"])
def test_invalid_key_is_refused_without_showing_it(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error names the variable and not the value, and no value can split a header."""
    with pytest.raises(ConfigError, match=KEY_VARIABLE) as caught:
        ApiKey(value)
    monkeypatch.setenv(KEY_VARIABLE, value.replace("\x00", "\x01"))
    if value.strip():
        with pytest.raises(VoicemillError) as from_environment:
            ApiKey.from_environment()
        assert found_in(str(from_environment.value)) == []
    else:
        assert ApiKey.from_environment() is None
    assert found_in(locals_of(caught.value)) == []


def test_white_space_around_a_key_is_removed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Line ends and spaces around a key are removed."""
    monkeypatch.setenv(KEY_VARIABLE, f" {KEY}\n")
    key = ApiKey.from_environment()
    assert key is not None
    assert key.reveal() == KEY
