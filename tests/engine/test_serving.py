"""The engine as a server on a socket of this machine."""

import asyncio
import json
import random
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.engine.requests import SARAH, client, speech, speech_body
from tests.engine.test_processes import children, running, until
from voicemill.engine.serving import host_name, is_loopback, serve
from voicemill.engine.settings import EngineSettings
from voicemill.errors import ConfigError

SERVE = """
import sys
from pathlib import Path
from voicemill.engine.serving import serve
from voicemill.engine.settings import EngineSettings
serve(EngineSettings(workers=1, user_voices=Path(sys.argv[2])), port=int(sys.argv[1]), allowed_hosts=["studio.example"])
"""


def free_port() -> int:
    """A free port outside the range of ephemeral ports, so that no other program gets it meanwhile."""
    while True:
        port = random.randrange(20_000, 32_000)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, int]]:
    """The base URL of a server, and its process id."""
    port = free_port()
    store = tmp_path_factory.mktemp("served") / "voices.sqlite"
    process = subprocess.Popen([sys.executable, "-c", SERVE, str(port), str(store)])
    base = f"http://127.0.0.1:{port}"

    def up() -> bool:
        assert process.poll() is None
        try:
            return httpx.get(base).status_code == 200
        except httpx.TransportError:
            return False

    until(up)
    yield base, process.pid
    process.terminate()
    process.wait(60)


@pytest.fixture
def api(server: tuple[str, int]) -> httpx.AsyncClient:
    """A client over a socket."""
    return httpx.AsyncClient(
        base_url=server[0], headers={"X-API-Key": "k", "Cartesia-Version": "2024-11-13"}, timeout=60
    )


async def test_served_engine_returns_the_same_bytes_as_in_process(api: httpx.AsyncClient, engine_app: Any) -> None:
    """Both speak a text with the same bytes."""
    async with api, client(engine_app) as inside:
        assert await speech(api) == await speech(inside)


async def test_events_arrive_one_by_one(api: httpx.AsyncClient) -> None:
    """The first event is readable before the last."""
    sent = speech_body(
        "And on and on it goes. " * 40,
        output_format={"container": "raw", "sample_rate": 48000, "encoding": "pcm_f32le"},
    )
    async with api, api.stream("POST", "/tts/sse", json=sent) as response:
        lines = response.aiter_lines()
        first = json.loads((await anext(lines)).removeprefix("data: "))
        assert first["type"] == "chunk"
        last = first
        async for line in lines:
            last = json.loads(line.removeprefix("data: ")) if line else last
        assert last["type"] == "done"


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8765", "127.0.0.1.evil.example", "localhost.evil", "", "0x7f000001"]
)
async def test_foreign_host_headers_are_refused(api: httpx.AsyncClient, host: str) -> None:
    """A web page cannot use a browser to reach the engine."""
    async with api:
        response = await api.get("/voices", headers={"Host": host})
    assert response.status_code in (400, 421)


@pytest.mark.parametrize(
    "host", ["localhost", "LOCALHOST:80", "127.0.0.1:1", "127.8.8.8", "[::1]:8765", "studio.example:8765"]
)
async def test_loopback_and_named_hosts_pass(api: httpx.AsyncClient, host: str) -> None:
    """The port does not matter."""
    async with api:
        assert (await api.get("/", headers={"Host": host})).status_code == 200


async def test_chunked_upload_is_accepted(api: httpx.AsyncClient) -> None:
    """The reference's own SDK streams files without a length."""
    head = b'--b\r\nContent-Disposition: form-data; name="clip"; filename="blob"\r\n\r\n'

    async def body() -> Any:
        yield head
        for _ in range(20):
            yield b"no audio at all " * 1000
        yield b"\r\n--b--\r\n"

    async with api:
        response = await api.post(
            "/voice-changer/bytes", content=body(), headers={"Content-Type": "multipart/form-data; boundary=b"}
        )
    assert response.status_code == 400
    assert "voice[id]: Field required" in response.text


async def test_nothing_outlives_the_server(tmp_path: Path) -> None:
    """After SIGTERM no worker remains."""
    port = free_port()
    process = subprocess.Popen([sys.executable, "-c", SERVE, str(port), str(tmp_path / "voices")])
    base = f"http://127.0.0.1:{port}"
    async with httpx.AsyncClient(base_url=base, headers={"X-API-Key": "k"}, timeout=60) as api:

        def up() -> bool:
            try:
                return httpx.get(base).status_code == 200
            except httpx.TransportError:
                return False

        await asyncio.to_thread(until, up)
        await speech(api)
    family = children(process.pid)
    assert len(family) >= 2
    process.terminate()
    assert process.wait(60) is not None
    until(lambda: not any(map(running, family)))


@pytest.mark.parametrize(
    ("host", "settings", "allowed"),
    [
        ("0.0.0.0", EngineSettings(), ["a"]),
        ("::", EngineSettings(keys=frozenset("k")), []),
        ("10.0.0.1", EngineSettings(), []),
    ],
)
def test_address_beyond_loopback_needs_keys_and_names(host: str, settings: EngineSettings, allowed: list[str]) -> None:
    """The server does not start without both."""
    with pytest.raises(ConfigError, match="which others can reach"):
        serve(settings, host=host, allowed_hosts=allowed)


def test_host_names() -> None:
    """Ports and brackets are removed."""
    assert [host_name(text) for text in ("A.b:1", "[::1]:2", "127.0.0.1", " x ")] == ["a.b", "::1", "127.0.0.1", "x"]
    assert [is_loopback(name) for name in ("localhost", "::1", "127.1.2.3", "0.0.0.0", "x")] == [True] * 3 + [False] * 2


async def test_the_api_is_described(engine_app: Any) -> None:
    """`/openapi.json` has every path of the reference with its bodies, and needs no key."""
    async with client(engine_app, key="") as api:
        described = (await api.get("/openapi.json")).json()
    paths = {(method.upper(), path) for path, methods in described["paths"].items() for method in methods}
    assert paths == {
        ("GET", "/"),
        ("POST", "/access-token"),
        ("POST", "/tts/bytes"),
        ("POST", "/tts/sse"),
        ("POST", "/stt"),
        ("POST", "/voice-changer/bytes"),
        ("POST", "/voice-changer/sse"),
        ("POST", "/infill/bytes"),
        ("GET", "/voices"),
        ("GET", "/accents"),
        ("POST", "/voices"),
        ("GET", "/voices/{voice_id}"),
        ("PATCH", "/voices/{voice_id}"),
        ("DELETE", "/voices/{voice_id}"),
        ("POST", "/voices/clone"),
        ("POST", "/voices/localize"),
        ("POST", "/voices/mix"),
    }
    bodies = [
        methods[method] for methods in described["paths"].values() for method in methods if method in ("post", "patch")
    ]
    assert all(next(iter(body["requestBody"]["content"].values()))["schema"]["properties"] for body in bodies)
    assert "$ref" not in json.dumps([body["requestBody"] for body in bodies])
    assert SARAH not in json.dumps(described)
    operations = [(path, methods[method]) for path, methods in described["paths"].items() for method in methods]
    assert {path for path, operation in operations if not operation["security"]} == {"/"}
    assert all({"4XX", "5XX"} < operation["responses"].keys() for _, operation in operations)
    speech = described["paths"]["/tts/bytes"]["post"]["responses"]["200"]["content"]
    assert list(speech) == ["audio/wav", "audio/mpeg", "application/octet-stream"]
