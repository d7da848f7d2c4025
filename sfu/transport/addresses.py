"""Where a worker is reached: by browsers, and by other workers. Pure."""

from __future__ import annotations

import ipaddress

from sfu.forward.contract import Address


def candidate_addresses(bound: str, advertised: list[str], port: int) -> tuple[Address, ...]:
    """The addresses for our SDP: those advertised, else the one that is bound. Raises ValueError."""
    hosts = advertised or [bound]
    for host in hosts:
        try:
            address = ipaddress.ip_address(host)
        except ValueError:
            raise ValueError(f"the advertised media address {host!r} is not an IP address") from None
        if address.is_unspecified or address.is_multicast:
            raise ValueError(
                f"media is bound to {bound}: say which address clients reach it at "
                f"({host} is none that they could)"
            )
    return tuple((host, port) for host in dict.fromkeys(hosts))


def pipe_host_of(bound: str, advertised: tuple[Address, ...]) -> str:
    """The address that other workers reach a bound one at."""
    wildcard = ipaddress.ip_address(bound.partition("%")[0]).is_unspecified
    return advertised[0][0] if wildcard and advertised else bound
