"""Connections that are slow, endless, redirected, closed or untrusted."""

import asyncio
import gc
import ssl
import tracemalloc
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tests.cartesia.sending import CALL, accepted, accepted_of, cartesia, send
from tests.hostile_server import End, HostileServer, Reply
from tests.hostile_speech import speech, speech_for
from voicemill.config import Pace
from voicemill.errors import AuthRefused, BadAnswer, Incomplete, Refused, Transient
from voicemill.limits.retries import Retries

GOOD = Reply(200, [("Content-Type", "audio/wav")], speech_for(CALL.transcript, CALL.sample_rate_hz))
MIB = 1 << 20


@pytest.mark.parametrize(
    "reply",
    [
        Reply(200, (), GOOD.body, drip_s=0.02),
        Reply(200, (), GOOD.body, End.CHUNKED, drip_s=0.02),
        Reply(200, (), GOOD.body, End.STALL),
        Reply(200, (), GOOD.body, delay_s=600),
        Reply(200, (), b"x", End.CHUNKED, times=1_000_000, drip_s=0.01),
        Reply(500, (), b"x" * 10_000, drip_s=0.02),
    ],
    ids=["drip", "drip in chunks", "stall in the body", "stall before the headers", "endless", "refusal that drips"],
)
async def test_attempt_ends_at_its_deadline(reply: Reply) -> None:
    """The deadline applies to the whole attempt, even while bytes arrive."""
    with HostileServer([reply]) as server, pytest.raises(Transient) as caught:
        await accepted(server, deadline_s=0.8)
    assert (caught.value.code, caught.value.billed) == ("deadline", "unknown")


@pytest.mark.parametrize(
    "reply",
    [
        Reply(200, (), GOOD.body, End.STALL),
        Reply(200, (), GOOD.body, drip_s=0.02),
        Reply(200, (), b"x", End.CHUNKED, times=1_000_000, drip_s=0.01),
        Reply(500, (), b"x" * 10_000, drip_s=0.02),
    ],
    ids=["stall", "drip", "endless", "refusal that drips"],
)
async def test_stalled_response_ends_before_the_deadline(reply: Reply) -> None:
    """A response that begins and then stalls ends long before the deadline of the attempt."""
    with HostileServer([reply]) as server, pytest.raises(Transient, match="stalled") as caught:
        await accepted(server, deadline_s=600, stall_s=0.3)
    assert (caught.value.code, caught.value.billed) == ("deadline", "unknown")


class InPieces(httpx.AsyncByteStream):
    """A slow response, with a pause of 0.7 seconds before each chunk."""

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """Yield a valid body in five chunks."""
        size = -(-len(GOOD.body) // 5)
        for start in range(0, len(GOOD.body), size):
            await asyncio.sleep(0.7)
            yield GOOD.body[start : start + size]


async def test_slow_response_is_received() -> None:
    """A response may take long as long as a kilobyte arrives within the stall timeout."""
    slow = httpx.MockTransport(lambda _request: httpx.Response(200, stream=InPieces()))
    async with cartesia(transport=slow, stall_s=3.0) as service:
        reply = await send(service)
    assert reply.body == GOOD.body


async def test_slow_response_does_not_block_other_calls() -> None:
    """Other calls are answered while one response is slow."""
    with HostileServer(lambda call: Reply(200, (), b"x", End.STALL) if call.number == 1 else speech(call)) as server:
        async with cartesia(server.url) as service:
            slow = asyncio.create_task(send(service))
            while not server.calls:
                await asyncio.sleep(0)
            for _ in range(20):
                await accepted_of(service)
            assert not slow.done()
            slow.cancel()
            await asyncio.gather(slow, return_exceptions=True)


@pytest.mark.parametrize("end", [End.WHOLE, End.CHUNKED, End.CLOSED])
async def test_huge_body_stops_at_the_limit(end: End) -> None:
    """Reading stops at the limit, in bounded memory, whatever the announced length."""
    endless = Reply(200, (), bytes(MIB), end, times=512)
    gc.collect()
    tracemalloc.start()
    try:
        with HostileServer([endless]) as server, pytest.raises(BadAnswer, match="larger than"):
            await accepted(server, max_body_bytes=8 * MIB, deadline_s=100)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 40 * MIB


async def test_body_of_exactly_the_limit_is_accepted() -> None:
    """A body of the limit is accepted, and one more byte is not."""
    with HostileServer([GOOD]) as server:
        assert await accepted(server, max_body_bytes=len(GOOD.body)) == GOOD.body
        with pytest.raises(BadAnswer):
            await accepted(server, max_body_bytes=len(GOOD.body) - 1)


@pytest.mark.parametrize("status", [300, 301, 302, 303, 307, 308])
@pytest.mark.parametrize("same_host", [True, False], ids=["same host", "other host"])
async def test_redirects_are_not_followed(status: int, *, same_host: bool) -> None:
    """A redirect is an error with the remedy; no second request is sent and no other host gets the key."""
    with (
        HostileServer([GOOD]) as other,
        HostileServer(
            lambda _call: Reply(status, [("Location", f"{(server if same_host else other).url}/tts/bytes")])
        ) as server,
    ):
        with pytest.raises(Refused, match="CARTESIA_BASE_URL"):
            await accepted(server)
        assert (len(server.calls), len(other.calls)) == (1, 0)


async def test_calls_reuse_a_connection() -> None:
    """Consecutive calls use one connection, also after refusals."""
    replies = [GOOD, Reply(404, (), b"Not found"), GOOD, Reply(500, (), b"Error"), GOOD]
    with HostileServer(replies) as server:
        async with cartesia(server.url) as service:
            for reply in replies:
                if reply is GOOD:
                    await accepted_of(service)
                    continue
                with pytest.raises((Refused, Transient)):
                    await accepted_of(service)
        assert (len(server.calls), server.connections) == (5, 1)


async def test_number_of_connections_is_limited() -> None:
    """The pool does not exceed its limit, and waiting calls are sent in the end."""
    with HostileServer(speech) as server:
        async with cartesia(server.url, max_connections=3) as service:
            await asyncio.gather(*(accepted_of(service) for _ in range(30)))
        assert max(call.in_flight for call in server.calls) <= 3
        assert server.connections == 3


async def test_closed_idle_connection_does_not_repeat_a_call() -> None:
    """The server receives each request once, whether or not the client noticed the closed connection."""
    retries = Retries(Pace(first_wait_s=0.001, longest_wait_s=0.002))
    with HostileServer([Reply(200, (), GOOD.body, End.THEN_GONE)]) as server:
        async with cartesia(server.url) as service:
            for _ in range(10):
                await retries.run(lambda: accepted_of(service))
        assert len(server.calls) == 10


async def test_client_reconnects_to_a_restarted_server() -> None:
    """The client works again after a restart; before that the error says that it cannot connect."""
    retries = Retries(Pace(first_wait_s=0.001, longest_wait_s=0.002))
    with HostileServer([GOOD]) as server:
        async with cartesia(server.url) as service:
            await accepted_of(service)
            server.stop()
            with pytest.raises((Transient, Incomplete)):
                await accepted_of(service)
            with pytest.raises(Transient, match="cannot connect"):
                await accepted_of(service)
            server.start()
            assert (await retries.run(lambda: accepted_of(service)))[0] == GOOD.body
        assert len(server.calls) == 2


async def test_client_works_after_a_cancelled_call() -> None:
    """Cancelling a call during the response closes only its connection."""
    script = [Reply(200, (), GOOD.body, End.STALL), GOOD]
    with HostileServer(script) as server:
        async with cartesia(server.url, max_connections=1) as service:
            cancelled = asyncio.create_task(send(service))
            while not server.calls:
                await asyncio.sleep(0)
            cancelled.cancel()
            with pytest.raises(asyncio.CancelledError):
                await cancelled
            assert await accepted_of(service) == GOOD.body


@pytest.mark.parametrize("name", ["localhost", "example.org"])
async def test_untrusted_certificate_is_fatal(name: str, tmp_path: Path) -> None:
    """With an untrusted certificate the error is fatal, and no request is sent."""
    with HostileServer([GOOD], tls=self_signed(name, tmp_path)) as server:
        with pytest.raises(AuthRefused, match="certificate") as caught:
            await accepted(server)
        assert (caught.value.code, caught.value.billed) == ("certificate", "no")
        assert server.calls == []


async def test_https_address_of_a_plain_server_gets_no_request() -> None:
    """A server that speaks plain HTTP at an https address gets no request."""
    with HostileServer([GOOD]) as server:
        async with cartesia(server.url.replace("http:", "https:"), deadline_s=0.5) as service:
            with pytest.raises(Transient):
                await send(service)
        assert server.calls == []


@pytest.mark.parametrize("url", ["http://127.0.0.1:1", "http://no-such-host.invalid", "http://[::1]:1"])
async def test_unreachable_server_is_a_transient_error(url: str) -> None:
    """A closed port and an unknown host are transient errors that are not billed."""
    async with cartesia(url, deadline_s=20) as service:
        with pytest.raises(Transient) as caught:
            await send(service)
    assert (caught.value.code, caught.value.billed) == ("unreachable", "no")
    assert "check the network" in str(caught.value)


def self_signed(name: str, folder: Path) -> ssl.SSLContext:
    """A server's TLS context with a self-signed certificate for `name`."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ) + certificate.public_bytes(serialization.Encoding.PEM)
    path = folder / "server.pem"
    path.write_bytes(pem)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    return context
