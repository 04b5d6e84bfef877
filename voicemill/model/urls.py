"""Addresses of inputs on other machines: which may be asked for, and to which machines a connection may go."""

import re
from collections.abc import Collection
from ipaddress import IPv4Address, IPv4Network, IPv6Network, ip_address
from typing import Final, NamedTuple
from urllib.parse import urlsplit

_NAME: Final = re.compile(r"(?=.{1,253}\Z)(?:(?!-)[a-z0-9-]{1,63}(?<!-)\.)+(?!-)[a-z][a-z0-9-]{0,62}(?<!-)")
_UNPRINTABLE: Final = re.compile(r"[\x00-\x20\x7f\\]|[^\x00-\x7f]")
_UNICAST: Final = IPv6Network("2000::/3")
"""All of IPv6 that is given out; what wraps addresses of IPv4 for a network of one's own lies outside."""
_SPECIAL: Final = (IPv4Network("192.0.0.0/24"), IPv4Network("192.88.99.0/24"), IPv4Network("240.0.0.0/4"))
"""What Python calls global, but for some, and clouds keep their secrets at."""
_HTTPS_PORT: Final = 443


class AddressFault(ValueError):
    """An address may not be asked for; the text follows it, and says what to do."""


class Address(NamedTuple):
    """A host by its name, and what is wanted of it."""

    host: str
    port: int
    target: str


def is_address(text: str) -> bool:
    """Whether `text` is meant as an address rather than a path."""
    return "://" in text[:32]


def parse_address(url: str, allowed_hosts: Collection[str]) -> Address:
    """The parts of an `https` address of an allowed host. Raises `AddressFault`."""
    if _UNPRINTABLE.search(url):
        raise AddressFault("holds a blank, a backslash or a letter outside ASCII; write it percent-encoded")
    try:
        parts = urlsplit(url)
        port = parts.port or _HTTPS_PORT
    except ValueError:
        raise AddressFault("is no address; correct it") from None
    if parts.scheme != "https":
        raise AddressFault(f"begins with {parts.scheme}://, and only https:// is taken; download it first")
    if parts.username is not None or parts.password is not None:
        raise AddressFault("contains a user name or password, which would be stored with the results; remove it")
    host = (parts.hostname or "").lower()
    if not _NAME.fullmatch(host):
        raise AddressFault(f"names no host that could be allowed, but {host!r}; write its name in full")
    if f"{host}:{port}" not in allowed_hosts and (host not in allowed_hosts or port != _HTTPS_PORT):
        name = host if port == _HTTPS_PORT else f"{host}:{port}"
        raise AddressFault(f"is on a host that is not allowed; allow it with --allow-host {name}, or download it first")
    return Address(host, port, f"{parts.path or '/'}{'?' if parts.query else ''}{parts.query}")


def is_public(machine: str) -> bool:
    """Whether an IP address is one of the public internet, whatever other address is wrapped in it."""
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
