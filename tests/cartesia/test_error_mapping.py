"""Mapping of unsuccessful responses to errors: class, message, and whether to retry."""

import json
from typing import Any

import pytest

from tests.cartesia.sending import cartesia, send
from tests.hostile_server import HostileServer, Reply
from tests.hostile_speech import error_reply
from voicemill.errors import (
    AuthRefused,
    CallError,
    ExitCode,
    FatalCallError,
    QuotaExhausted,
    Refused,
    Throttled,
    Transient,
)


async def failure(reply: Reply) -> CallError:
    """The error for `reply`. Asserts that only one request was sent."""
    with HostileServer([reply]) as server:
        async with cartesia(server.url) as service:
            with pytest.raises(CallError) as caught:
                await send(service)
        assert len(server.calls) == 1
    return caught.value


@pytest.mark.parametrize(
    ("statuses", "kind", "retryable", "billed"),
    [
        ((400, 403, 404, 405, 409, 410, 413, 415, 422, 451, 499), Refused, False, "no"),
        ((300, 301, 302, 303, 307, 308), Refused, False, "no"),
        ((501, 505), Refused, False, "unknown"),
        ((401,), AuthRefused, False, "no"),
        ((402,), QuotaExhausted, False, "no"),
        ((408, 425), Transient, True, "no"),
        ((429,), Throttled, True, "no"),
        ((500, 502, 503, 504, 507, 520, 524, 529, 599), Transient, True, "unknown"),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
async def test_status_determines_the_error_class(
    statuses: tuple[int, ...], kind: type[CallError], *, retryable: bool, billed: str
) -> None:
    """Each status has one error class, which says whether to retry and whether it may be billed."""
    for status in statuses:
        error = await failure(Reply(status, (), b"Title: Message"))
        assert type(error) is kind, status
        assert (error.status, error.retryable, error.billed) == (status, retryable, billed)
        assert isinstance(error, FatalCallError) == (kind in (AuthRefused, QuotaExhausted))


@pytest.mark.parametrize("code", ["concurrency_limited", "model_not_found", "voice_not_found", "model_sunsetted"])
async def test_error_code_of_the_service_is_kept(code: str) -> None:
    """The error has the code, the message and the request id of the service."""
    error = await failure(error_reply(400, "The title", "The message", code))
    assert (error.code, error.request_id) == (code, "refusal")
    assert "The title: The message" in str(error)


async def test_plain_text_errors_are_read() -> None:
    """Plain text is the message, the code is that of the class, and the request id comes from the header."""
    error = await failure(Reply(404, [("X-Request-Id", "r1")], b"Not found: There is no such voice."))
    assert (error.code, error.request_id) == ("refused", "r1")
    assert str(error) == "Not found: There is no such voice. (HTTP 404)"


@pytest.mark.parametrize(
    "body", [{"error": "No such voice"}, {"detail": "No such voice"}, {"message": "No such voice"}]
)
async def test_messages_under_other_names_are_read(body: dict[str, str]) -> None:
    """The messages of gateways and other versions are read too."""
    assert "No such voice" in str(await failure(Reply(400, (), json.dumps(body).encode())))


@pytest.mark.parametrize(
    "body",
    [b"", b"\x00\xff\xfe" * 100, b"null", b"[]", b"{}", b"[1, 2]", b"17", b'{"title": null}', b'{"error_code": 7}',
     b'{"title": {"a": [1]}, "request_id": ["x"]}', b"{" * 5000, b"[" * 100_000, b"x" * 3_000_000],
    ids=lambda body: repr(body[:20]),
)  # fmt: skip
async def test_any_body_gives_a_short_printable_message(body: bytes) -> None:
    """Any body gives an error of the right class with a short message on one line."""
    error = await failure(Reply(400, (), body))
    assert type(error) is Refused
    assert str(error).replace("\ufffd", "").isprintable()
    assert 0 < len(str(error)) < 400
    assert all(isinstance(text, str) for text in (error.code, error.request_id or ""))


async def test_control_characters_are_removed() -> None:
    """A message cannot move the cursor of a terminal or begin a new line."""
    error = await failure(error_reply(400, "\x1b[2J\x1b]0;owned\x07", "first\r\nsecond\u009b31m", "co\x1bde"))
    assert "\x1b" not in f"{error}{error.code}"
    assert str(error).isprintable()


async def test_web_page_is_not_quoted() -> None:
    """An HTML body is mentioned, not quoted."""
    error = await failure(Reply(502, (), b"\n<!DOCTYPE html><html><body><h1>Bad gateway</h1></body></html>"))
    assert "web page" in str(error)
    assert "<" not in str(error)


@pytest.mark.parametrize(
    ("status", "remedy"), [(401, "check CARTESIA_API_KEY"), (402, "top it up"), (302, "check CARTESIA_BASE_URL")]
)
async def test_errors_that_need_the_user_name_the_remedy(status: int, remedy: str) -> None:
    """An invalid key, an empty account and a redirect each name the remedy."""
    assert remedy in str(await failure(Reply(status, [("Location", "https://elsewhere.invalid/")])))


@pytest.mark.parametrize("status", [401, 402])
async def test_fatal_errors_have_their_own_exit_code(status: int) -> None:
    """An invalid key and an empty account end a run with exit code 4."""
    assert (await failure(Reply(status))).exit_code is ExitCode.FATAL_API


@pytest.mark.parametrize("headers", [[("Retry-After", "7")], [("retry-after-ms", "7000")], [("RETRY-AFTER", "7.0")]])
@pytest.mark.parametrize("status", [429, 503, 500])
async def test_retry_after_is_read_from_any_header(status: int, headers: list[Any]) -> None:
    """The error has the delay in seconds, whichever header states it and in whatever case."""
    assert (await failure(Reply(status, headers))).retry_after_s == 7.0
