"""URLs of inputs: which hosts are allowed, and which IP addresses a connection may use."""

import re
from collections.abc import Collection
from ipaddress import IPv4Address, IPv4Network, IPv6Network, ip_address
from typing import Final, NamedTuple
from urllib.parse import urlsplit

_NAME: Final = re.compile(r"(?=.{1,253}\Z)(?:(?!-)[a-z0-9-]{1,63}(?<!-)\.)+(?!-)[a-z][a-z0-9-]{0,62}(?<!-)")
_UNPRINTABLE: Final = re.compile(r"[\x00-\x20\x7f\\]|[^\x00-\x7f]")
_UNICAST: Final = IPv6Network("2000::/3")
"""The allocated part of IPv6; addresses that embed private IPv4 addresses lie outside."""
_SPECIAL: Final = (IPv4Network("192.0.0.0/24"), IPv4Network("192.88.99.0/24"), IPv4Network("240.0.0.0/4"))
"""Special-purpose networks, some of which Python treats as global."""
_HTTPS_PORT: Final = 443


class AddressError(ValueError):
    """A URL cannot be downloaded. The message is written to follow the URL and names the remedy."""


class Address(NamedTuple):
    """The parts of a URL that a request needs; `target` is path and query."""

    host: str
    port: int
    target: str


def is_address(text: str) -> bool:
    """Whether `text` is a URL rather than a path."""
    return "://" in text[:32]


def parse_address(url: str, allowed_hosts: Collection[str]) -> Address:
    """Parse an `https` URL of an allowed host. Raises `AddressError`."""
    if _UNPRINTABLE.search(url):
        raise AddressError("contains a space, a backslash or a non-ASCII character; percent-encode it")
    try:
        parts = urlsplit(url)
        port = parts.port or _HTTPS_PORT
    except ValueError:
        raise AddressError("is not a valid URL; correct it") from None
    if parts.scheme != "https":
        raise AddressError(f"begins with {parts.scheme}://, but only https:// is supported; download it first")
    if parts.username is not None or parts.password is not None:
        raise AddressError("contains a user name or password, which would be stored with the results; remove it")
    host = (parts.hostname or "").lower()
    if not _NAME.fullmatch(host):
        raise AddressError(f"has the host {host!r}, which is not a full domain name; correct it")
    if f"{host}:{port}" not in allowed_hosts and (host not in allowed_hosts or port != _HTTPS_PORT):
        name = host if port == _HTTPS_PORT else f"{host}:{port}"
        raise AddressError(f"is on a host that is not allowed; allow it with --allow-host {name}, or download it first")
    return Address(host, port, f"{parts.path or '/'}{'?' if parts.query else ''}{parts.query}")


def is_public(machine: str) -> bool:
    """Whether an IP address is on the public internet, including every IPv4 address that is embedded in it."""
    try:
        address = ip_address(machine)
    except ValueError:
        return False
    if isinstance(address, IPv4Address):
        return _is_public_v4(address)
    inner = [one for one in (address.sixtofour, *(address.teredo or ())) if one is not None]
    return address in _UNICAST and address.is_global and all(map(_is_public_v4, inner))


def _is_public_v4(address: IPv4Address) -> bool:
    return address.is_global and not address.is_multicast and not any(address in network for network in _SPECIAL)
