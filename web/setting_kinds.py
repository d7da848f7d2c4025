"""What a setting may be: each function turns text into a value, or raises ValueError with what it wants."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable
from urllib.parse import urlsplit

from signaling.codecs import VIDEO_PREFERENCE
from signaling.tickets import MIN_SECRET_CHARS


def text(value: str) -> str:
    """Anything."""
    return value.strip()


def host(value: str) -> str:
    """An address or a name."""
    found = value.strip()
    if not found or " " in found or "/" in found:
        raise ValueError("an address or a host name")
    return found


def port(value: str) -> int:
    """A port; 0: any free one."""
    if not re.fullmatch(r"[0-9]{1,5}", value.strip()) or int(value) > 65535:
        raise ValueError("a port from 0 to 65535 (0: any free one)")
    return int(value)


def maybe_port(value: str) -> int | None:
    """A port, or none."""
    return port(value) if value.strip() else None


def token(value: str) -> str:
    """A password for programs, or none."""
    if value and not re.fullmatch(r"[\x21-\x7e]{16,256}", value):
        raise ValueError("16 to 256 characters without spaces")
    return value


def words(value: str) -> tuple[str, ...]:
    """Words with commas between them."""
    return tuple(part.strip() for part in value.split(",") if part.strip())


def video_codecs(value: str) -> tuple[str, ...]:
    """Video codecs, by the names that SDP has for them."""
    known = {name.lower(): name for name in VIDEO_PREFERENCE}
    found = [part.lower() for part in words(value)]
    if not found or len(set(found)) != len(found) or not set(found) <= known.keys():
        raise ValueError(f"each once, with commas between them, some of {', '.join(known)}")
    return tuple(known[part] for part in found)


def addresses(value: str) -> tuple[str, ...]:
    """IP addresses that others can reach."""
    found = words(value)
    for address in found:
        try:
            parsed = ipaddress.ip_address(address)
        except ValueError:
            raise ValueError("IP addresses with commas between them (no names, no ports)") from None
        if parsed.is_unspecified:
            raise ValueError("addresses that browsers can reach; 0.0.0.0 and :: are none")
    return found


def address(value: str) -> str:
    """One such address, or none."""
    found = addresses(value)
    if len(found) > 1:
        raise ValueError("one IP address")
    return found[0] if found else ""


def networks(value: str) -> tuple[str, ...]:
    """Addresses or networks."""
    found = words(value)
    for network in found:
        try:
            ipaddress.ip_network(network)
        except ValueError:
            raise ValueError("IP addresses or networks (10.0.0.0/8) with commas between them") from None
    return found


def choice(*choices: str) -> Callable[[str], str]:
    """One of these words."""

    def read(value: str) -> str:
        if value.strip().lower() not in choices:
            raise ValueError("one of " + ", ".join(choices))
        return value.strip().lower()

    return read


def origin(value: str) -> str:
    """Scheme, host and port of a URL, or none."""
    url = value.strip().rstrip("/")
    if not url:
        return ""
    wanted = "http://host or https://host, with a port if need be and without a path"
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        raise ValueError(wanted) from None
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.path or parts.query:
        raise ValueError(wanted)
    return url.lower()


def ice_urls(*schemes: str) -> Callable[[str], tuple[str, ...]]:
    """URLs of STUN or TURN servers."""

    def read(value: str) -> tuple[str, ...]:
        found = words(value)
        if not all(re.fullmatch(rf"(?:{'|'.join(schemes)}):[^\s\"<>/]+", url) for url in found):
            raise ValueError(f"URLs like {schemes[0]}:host:3478 with commas between them")
        return found

    return read


def secret(value: str) -> str:
    """What signs tickets, or none."""
    if value and len(value) < MIN_SECRET_CHARS:
        raise ValueError(f"at least {MIN_SECRET_CHARS} characters")
    return value


def days(value: str) -> float:
    """A time in days."""
    try:
        days = float(value)
    except ValueError:
        days = -1.0
    if not 0 < days <= 3650:
        raise ValueError("a number of days above 0 and up to 3650")
    return days


def count(value: str) -> int:
    """0 or more."""
    if not re.fullmatch(r"[0-9]{1,5}", value.strip()):
        raise ValueError("a whole number from 0 to 99999")
    return int(value)


def at_least_one(value: str) -> int:
    """1 or more, and many."""
    if not re.fullmatch(r"[0-9]{1,6}", value.strip()) or int(value) == 0:
        raise ValueError("a whole number from 1 to 999999")
    return int(value)


def some(value: str) -> int:
    """1 or more."""
    if (found := count(value)) < 1:
        raise ValueError("a whole number from 1 to 99999")
    return found


def name(value: str) -> str:
    """A short name, or none."""
    if value and not re.fullmatch(r"[A-Za-z0-9._-]{1,64}", value):
        raise ValueError("1 to 64 letters, digits, “.”, “_”, “-”")
    return value


def redis(value: str) -> str:
    """Where Redis is, or none."""
    url = value.strip()
    if url and not url.startswith(("redis://", "rediss://", "unix://")):
        raise ValueError("a URL like redis://host:6379/0")
    return url
