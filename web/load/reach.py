"""Which addresses may be loaded: this machine's and private ones, unless the operator says otherwise.

A load is an attack on anybody who did not ask for it, so a mistyped name must not become one. What the name
resolves to is looked at once and used from then on: HTTP, the WebSocket and media go to no other address.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

from aiohttp.abc import AbstractResolver, ResolveResult

# RFC 1918 and RFC 4193; link-local addresses are left out, clouds have services of theirs there.
PRIVATE = tuple(
    ipaddress.ip_network(each) for each in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7")
)
DEFAULT_PORTS = {"http": 80, "https": 443}


class OutOfReach(Exception):
    """Why this address is not loaded, in one line."""


def is_loopback(address: str) -> bool:
    """Whether it is of this machine; False for what is no address."""
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False


def is_near(address: str) -> bool:
    """Whether it is of this machine or of a private network; False for what is no address."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False
    if isinstance(parsed, ipaddress.IPv6Address) and parsed.ipv4_mapped is not None:
        parsed = parsed.ipv4_mapped
    return parsed.is_loopback or any(parsed in network for network in PRIVATE)


def anywhere(address: str) -> bool:
    """What `--far` allows."""
    return bool(address)


@dataclass(frozen=True, slots=True)
class Target:
    """An installation that may be loaded: where it is, at these addresses only."""

    origin: str
    host: str
    port: int
    addresses: tuple[str, ...]
    reach: Callable[[str], bool]


def target(url: str, far: bool = False) -> Target:
    """Look the URL's name up. Raises OutOfReach: it is no URL of ours, unknown, or far away."""
    try:
        parts = urlsplit(url)
        port = parts.port or DEFAULT_PORTS.get(parts.scheme, 0)
    except ValueError as error:
        raise OutOfReach(f"{url} is no URL: {error}") from None
    host = parts.hostname or ""
    if parts.scheme not in DEFAULT_PORTS or not host or parts.path not in {"", "/"} or parts.query:
        raise OutOfReach(f"{url} is not the address of an installation, like https://meet.example.org")
    if parts.username is not None:
        raise OutOfReach("the URL holds a user name: the load makes accounts of its own")
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise OutOfReach(f"{host} cannot be looked up: {error.strerror or error}") from None
    addresses = tuple(dict.fromkeys(str(each[4][0]) for each in found))
    distant = [address for address in addresses if not is_near(address)]
    if distant and not far:
        raise OutOfReach(
            f"{host} is {distant[0]}, neither this machine nor a private network. A load is an attack on "
            "whoever did not ask for it: if that installation is yours, say so with --far"
        )
    origin = f"{parts.scheme}://{parts.netloc}"
    return Target(origin, host, port, addresses, anywhere if far else is_near)


class Pinned(AbstractResolver):
    """Answers with a target's addresses, and for no other name."""

    def __init__(self, known: Target) -> None:
        self._target = known

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        if host.lower() != self._target.host:
            raise OSError(f"{host} is not what is loaded")
        return [
            ResolveResult(
                hostname=host,
                host=address,
                port=port,
                family=socket.AF_INET6 if ":" in address else socket.AF_INET,
                proto=0,
                flags=socket.AI_NUMERICHOST,
            )
            for address in self._target.addresses
            if family in {socket.AF_UNSPEC, socket.AF_INET6 if ":" in address else socket.AF_INET}
        ]

    async def close(self) -> None:
        """Nothing is held."""
