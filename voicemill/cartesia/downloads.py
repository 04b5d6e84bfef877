"""Downloads of inputs from allowed hosts only, never from a machine in the local network.

A host name is resolved once, all its addresses must be public, and the connection uses one of them, so that a changed
DNS record has no effect. Each redirect is checked in the same way. No key, cookie or proxy of the environment is used.
"""

import hashlib
import socket
import ssl
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import BinaryIO, Final
from urllib.parse import urljoin

import httpx

from voicemill.model.urls import Address, AddressError, is_public, parse_address

MAX_REDIRECTS: Final = 3
_REDIRECTS: Final = (301, 302, 303, 307, 308)
_TIMEOUT_S: Final = 30.0
_MIN_BYTES_PER_S: Final = 50_000

Resolve = Callable[[str, int], list[str]]
"""The IP addresses of a host. Raises `OSError`."""


def resolve_host(host: str, port: int) -> list[str]:
    """Resolve a host with the system's resolver."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(each[4][0]) for each in found))


@dataclass(frozen=True, slots=True)
class Download:
    """A finished download: its SHA-256 and its size."""

    sha256: str
    size_bytes: int


@dataclass(slots=True)
class Downloader:
    """Downloads at most `max_bytes` per file from `allowed_hosts`. `may_connect` decides on each IP address."""

    allowed_hosts: Collection[str]
    max_bytes: int
    resolve: Resolve = resolve_host
    may_connect: Callable[[str], bool] = is_public
    trust: ssl.SSLContext = field(default_factory=ssl.create_default_context)

    def download(self, url: str, file: BinaryIO) -> Download:
        """Download `url` into `file`. Raises `AddressError`."""
        deadline = time.monotonic() + _TIMEOUT_S + self.max_bytes / _MIN_BYTES_PER_S
        with httpx.Client(verify=self.trust, trust_env=False, follow_redirects=False, timeout=_TIMEOUT_S) as client:
            for _ in range(MAX_REDIRECTS + 1):
                address = parse_address(url, self.allowed_hosts)
                request = self._request(client, address)
                try:
                    response = client.send(request, stream=True)
                except httpx.HTTPError as error:
                    raise AddressError(f"cannot be downloaded ({type(error).__name__}); try again later") from None
                try:
                    if response.status_code not in _REDIRECTS:
                        return self._save(response, file, deadline)
                    url = urljoin(url, response.headers.get("location", ""))
                finally:
                    response.close()
        raise AddressError(f"redirects more than {MAX_REDIRECTS} times; use the final address")

    def _request(self, client: httpx.Client, address: Address) -> httpx.Request:
        ip = self._ip(address)
        host = f"[{ip}]" if ":" in ip else ip
        name = address.host if address.port == 443 else f"{address.host}:{address.port}"
        headers = {"Host": name, "Accept": "*/*", "Accept-Encoding": "identity", "User-Agent": "voicemill"}
        url = f"https://{host}:{address.port}{address.target}"
        return client.build_request("GET", url, headers=headers, extensions={"sni_hostname": address.host})

    def _ip(self, address: Address) -> str:
        try:
            ips = self.resolve(address.host, address.port)
        except (OSError, UnicodeError) as error:
            raise AddressError(f"has an unknown host ({error}); check its name") from None
        if not ips or not all(map(self.may_connect, ips)):
            raise AddressError("has a host that is not on the public internet; download the file first")
        return ips[0]

    def _save(self, response: httpx.Response, file: BinaryIO, deadline: float) -> Download:
        if response.status_code != httpx.codes.OK:
            raise AddressError(f"returns HTTP status {response.status_code}; check it, or download the file first")
        if response.headers.get("content-encoding", "identity") != "identity":
            raise AddressError("is sent compressed; download the file first")
        digest, size = hashlib.sha256(), 0
        expected = response.headers.get("content-length", "")
        try:
            for chunk in response.iter_raw():
                size += len(chunk)
                if size > self.max_bytes:
                    raise AddressError(
                        f"is larger than {self.max_bytes:,} bytes; raise inputs.max_bytes, or download the file first"
                    )
                if time.monotonic() > deadline:
                    raise AddressError("is too slow; download the file first")
                digest.update(chunk)
                file.write(chunk)
        except httpx.HTTPError as error:
            raise AddressError(f"broke off ({type(error).__name__}); try again later") from None
        if expected.isdigit() and int(expected) != size:
            raise AddressError(f"broke off after {size:,} of {expected} bytes; try again later")
        return Download(digest.hexdigest(), size)
