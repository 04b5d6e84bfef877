"""Downloads of inputs: only from allowed hosts on the public internet."""

import hashlib
import io
import ssl
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.cartesia.test_connections import self_signed
from voicemill.cartesia.downloads import Downloader
from voicemill.model.urls import AddressError, is_public, parse_address

HOST = "files.example.org"
Seen = list[tuple[str, dict[str, str]]]
CONTENT = b"RIFF" + bytes(5000)

NOT_PUBLIC = [
    "127.0.0.1", "127.1.2.3", "0.0.0.0", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "169.254.169.254",
    "169.254.0.1", "100.64.0.1", "100.100.100.200", "192.0.0.192", "192.0.2.1", "198.18.0.1", "198.51.100.7",
    "203.0.113.9", "224.0.0.1", "239.255.255.250", "240.0.0.1", "255.255.255.255", "::1", "::", "::ffff:127.0.0.1",
    "::ffff:10.0.0.1", "::ffff:169.254.169.254", "::127.0.0.1", "::7f00:1", "fe80::1", "fc00::1", "fd00:ec2::254",
    "fd12:3456::1", "ff02::1", "2001:db8::1", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::a00:1",
    "2002:7f00:1::", "2002:a9fe:a9fe::", "2001:0:7f00:1::", "2001:0:4136:e378:8000:63bf:80ff:fffe", "fec0::1",
]  # fmt: skip

BYPASSES = [
    "http://files.example.org/a.wav", "ftp://files.example.org/a", "file:///etc/passwd", "gopher://files.example.org/",
    "https://127.0.0.1/a", "https://2130706433/a", "https://0x7f000001/a", "https://0x7f.0x0.0x0.0x1/a",
    "https://0177.0.0.1/a", "https://127.1/a", "https://127.0.1/a", "https://0/a", "https://[::1]/a",
    "https://[::ffff:127.0.0.1]/a", "https://[::ffff:7f00:1]/a", "https://localhost/a", "https://localhost./a",
    "https://files.example.org@127.0.0.1/a", "https://127.0.0.1@files.example.org/a", "https://u:p@files.example.org/a",
    "https://files.example.org:22/a", "https://files.example.org:80/a", "https://files.example.org:99999/a",
    "https://files.example.org.evil.org/a", "https://evil.org/files.example.org", "https://xfiles.example.org/a",
    "https://sub.files.example.org/a", "https://files.example.org\\@127.0.0.1/a", "https://files.example.org%2f@evil.org/",
    "https://127.0.0.1#@files.example.org/a", "https://127.0.0.1?@files.example.org/a", "https:///a", "https://",
    "https://files.example.org\t/a", "https://files.example.org\r\nHost: evil.org/a", "https://files。example。org/a",
    "https://ﬁles.example.org/a", "https://①②⑦.⓪.⓪.①/a", "https://metadata/a", "https://169.254.169.254/latest",
    "https://[fd00:ec2::254]/latest", "https://metadata.google.internal/a", "https://files.example.org%00.evil.org/a",
    "https://-files.example.org/a", "https://files..example.org/a", "HTTPS://127.0.0.1/a", "https://[::]/a",
]  # fmt: skip


@pytest.mark.parametrize("machine", NOT_PUBLIC)
def test_internal_addresses_are_not_public(machine: str) -> None:
    """Private, local, reserved and documentation addresses are not public, also if they are embedded in IPv6."""
    assert not is_public(machine)


@pytest.mark.parametrize("machine", ["1.1.1.1", "8.8.8.8", "2606:4700:4700::1111", "2002:808:808::"])
def test_public_addresses_are_public(machine: str) -> None:
    """Addresses of the public internet are public, also if they are embedded in IPv6."""
    assert is_public(machine)


@pytest.mark.parametrize("url", BYPASSES)
def test_disallowed_addresses_are_not_resolved(url: str) -> None:
    """No spelling of an address reaches another host than an allowed one; it is not even resolved."""
    with pytest.raises(AddressError):
        parse_address(url, {HOST})
    downloader = Downloader({HOST}, 10**6, resolve=lambda host, port: pytest.fail(f"{host} was resolved"))
    with pytest.raises(AddressError):
        downloader.download(url, io.BytesIO())


def test_allowed_address_is_parsed() -> None:
    """An allowed host is allowed at port 443, and at another port only if that is named."""
    assert parse_address(f"https://{HOST.upper()}/a%20b?x=1#y", {HOST}) == (HOST, 443, "/a%20b?x=1")
    assert parse_address(f"https://{HOST}:8443", {f"{HOST}:8443"}) == (HOST, 8443, "/")


class _Files(BaseHTTPRequestHandler):
    """Responds according to the path."""

    seen: Seen

    def do_GET(self) -> None:
        self.seen.append((self.path, {name.lower(): value for name, value in self.headers.items()}))
        if self.path.startswith("/to/"):
            self.send_response(302)
            self.send_header("Location", self.path.removeprefix("/to/"))
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        self.send_response(404 if self.path == "/gone" else 200)
        if self.path == "/packed":
            self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(CONTENT) + 7 * (self.path == "/cut")))
        self.end_headers()
        self.wfile.write(CONTENT)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class Files:
    """A local file server whose name resolves to a public address."""

    def __init__(
        self, server: ThreadingHTTPServer, trust: ssl.SSLContext, seen: list[tuple[str, dict[str, str]]]
    ) -> None:
        self.port, self.trust, self.seen = server.server_address[1], trust, seen
        self.answers = [["127.0.0.1"]]
        self.resolved = 0

    def resolve(self, host: str, port: int) -> list[str]:
        """The next resolved address; the last one repeats."""
        self.resolved += 1
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]

    def get(self, path: str, *, max_bytes: int = 10**6, really: bool = False) -> bytes:
        """Download from this host; with `really`, the real check of IP addresses applies."""
        file = io.BytesIO()
        downloader = Downloader({f"{HOST}:{self.port}"}, max_bytes, self.resolve, trust=self.trust)
        if not really:
            downloader.may_connect = lambda machine: machine == "127.0.0.1"
        found = downloader.download(f"https://{HOST}:{self.port}{path}", file)
        assert (found.sha256, found.size_bytes) == (hashlib.sha256(file.getvalue()).hexdigest(), len(file.getvalue()))
        return file.getvalue()


@pytest.fixture
def files(tmp_path: Path) -> Iterator[Files]:
    """The file server, running during the test."""
    seen: Seen = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Seen", (_Files,), {"seen": seen}))
    server.socket = self_signed(HOST, tmp_path).wrap_socket(server.socket, server_side=True)
    trust = ssl.create_default_context(cafile=str(tmp_path / "server.pem"))
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield Files(server, trust, seen)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_file_of_an_allowed_host_is_downloaded(files: Files) -> None:
    """The content is complete, and the request has the host name and no further data."""
    assert files.get("/a.wav?x=1") == CONTENT
    (path, headers) = files.seen[0]
    assert (path, headers["host"]) == ("/a.wav?x=1", f"{HOST}:{files.port}")
    assert headers.keys() <= {"host", "accept", "accept-encoding", "user-agent", "connection"}
    assert files.resolved == 1


def test_allowed_host_with_internal_address_gets_no_request(files: Files) -> None:
    """An allowed host name with an internal address is refused, and no byte is sent to it."""
    with pytest.raises(AddressError, match="not on the public internet"):
        files.get("/a.wav", really=True)
    files.answers = [["1.1.1.1", "10.0.0.1"]]
    with pytest.raises(AddressError, match="not on the public internet"):
        files.get("/a.wav", really=True)
    assert files.seen == []


def test_dns_rebinding_has_no_effect(files: Files) -> None:
    """The connection uses the checked address; the name is not resolved again."""
    files.answers = [["127.0.0.1"], ["169.254.169.254"]]
    assert files.get("/a.wav") == CONTENT
    assert files.resolved == 1
    with pytest.raises(AddressError, match="not on the public internet"):
        files.get(f"/to/https://{HOST}:{files.port}/a.wav")


def test_redirects_are_checked_again(files: Files) -> None:
    """Redirects are followed to allowed hosts only, at most three times."""
    here = f"https://{HOST}:{files.port}"
    assert files.get(f"/to/{here}/to/{here}/to/{here}/a.wav") == CONTENT
    with pytest.raises(AddressError, match="more than 3 times"):
        files.get(f"/to/{here}/to/{here}/to/{here}/to/{here}/a.wav")
    for elsewhere in ("https://127.0.0.1/a", "http://files.example.org/a", "https://evil.org/a", "file:///etc/passwd"):
        with pytest.raises(AddressError):
            files.get(f"/to/{elsewhere}")


@pytest.mark.parametrize(
    ("path", "why"),
    [("/gone", "status 404"), ("/packed", "compressed"), ("/cut", "broke off")],
)
def test_incomplete_downloads_are_refused(path: str, why: str, files: Files) -> None:
    """An error page, compressed content and a broken download are refused."""
    with pytest.raises(AddressError, match=why):
        files.get(path)


def test_download_size_is_limited(files: Files) -> None:
    """A download that exceeds the limit is refused before it is complete."""
    with pytest.raises(AddressError, match="larger than 1,000 bytes"):
        files.get("/a.wav", max_bytes=1000)


def test_certificate_for_another_host_is_refused(files: Files) -> None:
    """The certificate must match the host name, although the connection uses the IP address."""
    files.trust = ssl.create_default_context()
    with pytest.raises(AddressError, match="cannot be downloaded"):
        files.get("/a.wav")
    assert files.seen == []
