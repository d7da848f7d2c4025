"""The machine itself: its limits, its buffers, the plane, the folder, the secret."""

from __future__ import annotations

import os
import resource
import shutil
import socket
from collections.abc import Iterator
from pathlib import Path

from web.addresses import is_loopback
from web.doctor.finding import Finding
from web.secret import FILE as SECRET_FILE
from web.settings import Settings

# A person is one WebSocket; databases, Redis and files need some beside.
FEW_FILES = 4096
TOO_FEW_FILES = 512
# What `sfu.forward` asks for (4 MB): half a second of a busy worker. Linux gives 212,992 B by default.
BUFFER_BYTES = 4 * 1024 * 1024
LOW_DISK_BYTES = 1024**3
NO_DISK_BYTES = 64 * 1024**2


def checks(settings: Settings) -> Iterator[Finding]:
    """All of them."""
    yield files()
    yield buffers()
    yield plane(settings)
    yield folder(settings)
    yield secret(settings)
    yield browser_security(settings)


def files() -> Finding:
    """How many sockets this process may open."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    found = f"{soft} open files allowed"
    advice = "ulimit -n 65536, LimitNOFILE=65536 in a systemd unit, or `ulimits: nofile` in compose"
    if soft < TOO_FEW_FILES:
        return Finding("file limit", "bad", f"{found}: fewer than {TOO_FEW_FILES}", advice)
    if soft < FEW_FILES:
        return Finding("file limit", "warning", f"{found}: about {soft - 200} people at most", advice)
    return Finding("file limit", "good", found)


def buffers() -> Finding:
    """How much the kernel gives a socket that asks for as much as our forwarder does."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        given = {}
        for name, option in (("receive", socket.SO_RCVBUF), ("send", socket.SO_SNDBUF)):
            probe.setsockopt(socket.SOL_SOCKET, option, BUFFER_BYTES)
            # Linux tells twice what it gives, for its own bookkeeping (socket(7)).
            given[name] = probe.getsockopt(socket.SOL_SOCKET, option) // 2
    found = ", ".join(f"{name} {size // 1024} KiB" for name, size in given.items())
    if min(given.values()) < BUFFER_BYTES:
        return Finding(
            "socket buffers",
            "warning",
            f"{found} of the {BUFFER_BYTES // 1024} KiB asked for: bursts are dropped under load",
            f"sysctl -w net.core.rmem_max={BUFFER_BYTES} net.core.wmem_max={BUFFER_BYTES} "
            "(and into /etc/sysctl.d/atrium.conf)",
        )
    return Finding("socket buffers", "good", found)


def plane(settings: Settings) -> Finding:
    """Whether packets are forwarded by the native plane."""
    from sfu.forward.native import available

    if settings.plane == "python":
        return Finding(
            "forwarding plane", "good", "python, as set: each packet costs twice the native one's CPU"
        )
    missing = available()
    if missing is None:
        return Finding("forwarding plane", "good", "native")
    advice = "install a C compiler (gcc or clang) and Python's headers, then `make clean install`"
    if settings.plane == "native":
        return Finding("forwarding plane", "bad", f"native is wanted and not built: {missing}", advice)
    return Finding(
        "forwarding plane", "warning", f"python: each packet costs twice the CPU ({missing})", advice
    )


def folder(settings: Settings) -> Finding:
    """The data folder can be written and has room."""
    data = settings.data.absolute()
    exists = next(place for place in (data, *data.parents) if place.exists())
    if not exists.is_dir() or not os.access(exists, os.W_OK | os.X_OK):
        return Finding(
            "data folder",
            "bad",
            f"{data} cannot be written",
            "chown it to the user that runs atrium, or set ATRIUM_DATA to another folder",
        )
    free = shutil.disk_usage(exists).free
    found = f"{data}, {free / 1024**3:.1f} GiB free"
    if free < NO_DISK_BYTES:
        return Finding("data folder", "bad", found, "make room: a full disk stops the database")
    if free < LOW_DISK_BYTES:
        return Finding("data folder", "warning", found, "make room: a full disk stops the database")
    return Finding("data folder", "good", found)


def secret(settings: Settings) -> Finding:
    """The secret that signs tickets is there, is private, and is everybody's where it must be."""
    if settings.secret:
        return Finding("secret", "good", f"from {settings.sources['secret']}")
    file: Path = settings.data / SECRET_FILE
    if settings.redis_url:
        return Finding(
            "secret",
            "warning",
            "each machine makes its own: tickets of one world mean nothing to another",
            "set ATRIUM_SECRET to the same value everywhere (openssl rand -hex 32)",
        )
    if not file.exists():
        return Finding("secret", "good", f"will be made in {file} at the first start")
    if file.stat().st_mode & 0o077:
        return Finding("secret", "bad", f"{file} can be read by others", f"chmod 600 {file}")
    if not os.access(file, os.R_OK):
        return Finding("secret", "bad", f"{file} cannot be read by this user", f"chown it: {file}")
    return Finding("secret", "good", f"{file}, private")


def browser_security(settings: Settings) -> Finding:
    """Whether browsers will give microphones to the pages."""
    if settings.public_url.startswith("https://"):
        return Finding("https", "good", settings.public_url)
    if settings.public_url or not is_loopback(settings.host):
        return Finding(
            "https",
            "warning",
            f"pages are reached by {settings.public_url or 'http'}: browsers give no microphone there",
            "put a reverse proxy with TLS in front (deploy/Caddyfile) and set ATRIUM_PUBLIC_URL=https://…",
        )
    return Finding("https", "good", "not needed: this machine only")
