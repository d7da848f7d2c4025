"""Which addresses of this machine browsers can reach: for the media candidates and the printed URL."""

from __future__ import annotations

import ipaddress
import socket

# Addresses for documentation (RFC 5737, RFC 3849): a UDP socket "connected" there sends nothing, but the
# kernel says which of our own addresses it would send from.
PROBES = ((socket.AF_INET, "192.0.2.1"), (socket.AF_INET6, "2001:db8::1"))


def is_loopback(host: str) -> bool:
    """Whether `host` (a name or an address) is this machine for itself only."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def own_addresses() -> list[str]:
    """The machine's own addresses towards the world, IPv4 first; may be empty."""
    found: list[str] = []
    for family, probe in PROBES:
        try:
            with socket.socket(family, socket.SOCK_DGRAM) as sock:
                sock.connect((probe, 9))
                found.append(sock.getsockname()[0])
        except OSError:
            continue
    return [address for address in found if not ipaddress.ip_address(address).is_loopback]


def advertised(media_host: str, given: tuple[str, ...]) -> list[str]:
    """What browsers are told for media: what was set, else what follows from the bound address."""
    if given:
        return list(given)
    if is_loopback(media_host):
        return ["127.0.0.1"] if media_host == "localhost" else [media_host]
    try:
        bound = ipaddress.ip_address(media_host)
    except ValueError:
        return own_addresses()
    if not bound.is_unspecified:
        return [media_host]
    # A socket that is bound to IPv4 receives no IPv6.
    return [
        address
        for address in own_addresses()
        if bound.version == 6 or ipaddress.ip_address(address).version == 4
    ]


def printed_url(host: str, port: int, public_url: str) -> str:
    """Where a person opens us in a browser."""
    if public_url:
        return public_url
    try:
        everywhere = ipaddress.ip_address(host).is_unspecified
    except ValueError:
        everywhere = False
    if everywhere:
        host = next(iter(own_addresses()), "127.0.0.1")
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
