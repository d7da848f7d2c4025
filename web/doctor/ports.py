"""Ports and addresses: free or ours, and reachable as they are told to browsers."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import ipaddress
import os
import secrets
import socket
import urllib.error
import urllib.request
from pathlib import Path

from web.addresses import advertised, is_loopback
from web.doctor.finding import Finding
from web.settings import Settings

LOOP_SECONDS = 1.0
ANSWER_SECONDS = 2.0


async def checks(settings: Settings) -> list[Finding]:
    """TCP, UDP, and each advertised address."""
    media_host = settings.media_host or settings.host
    tcp = await asyncio.to_thread(tcp_port, settings.host, settings.port)
    udp, free = udp_port(media_host, settings.media_port)
    told = advertised(media_host, settings.media_address)
    loops = [await reaches_itself(media_host, settings.media_port if free else 0, one) for one in told]
    return [tcp, udp, *told_addresses(settings, told), *loops]


def tcp_port(host: str, port: int) -> Finding:
    """The port of pages and WebSockets."""
    where = f"TCP {host} port {port}"
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
            probe.listen(1)
    except OSError as error:
        if error.errno == errno.EADDRINUSE and is_atrium(host, port):
            return Finding("page port", "good", f"{where} is ours: AtriumVerse answers there")
        return _no_port("page port", where, error, "ATRIUM_PORT", "ATRIUM_HOST")
    return Finding("page port", "good", f"{where} is free")


def is_atrium(host: str, port: int) -> bool:
    """Whether an AtriumVerse answers there."""
    with contextlib.suppress(ValueError):
        if ipaddress.ip_address(host).is_unspecified:
            host = "::1" if ":" in host else "127.0.0.1"
    shown = f"[{host}]" if ":" in host else host
    try:
        with urllib.request.urlopen(f"http://{shown}:{port}/healthz", timeout=ANSWER_SECONDS) as answer:
            return b'"alive"' in answer.read(256)
    except (OSError, ValueError, urllib.error.URLError):
        return False


def udp_port(host: str, port: int) -> tuple[Finding, bool]:
    """The port of media, and whether it is free."""
    where = f"UDP {host} port {port}"
    try:
        with _bound(host, port):
            return Finding("media port", "good", f"{where} is free"), True
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            return _taken_media_port(where, port), False
        return _no_port("media port", where, error, "ATRIUM_MEDIA_PORT", "ATRIUM_MEDIA_HOST"), False


def _taken_media_port(where: str, port: int) -> Finding:
    held = holder(port)
    if held is None:
        return Finding(
            "media port",
            "warning",
            f"{where} is in use: by a running worker of ours, or by another program",
            f"ss -lunp 'sport = :{port}' (as root) says whose it is; ATRIUM_MEDIA_PORT takes another one",
        )
    pid, command = held
    if any(Path(word).name == "atrium" for word in command[:2]):
        return Finding("media port", "good", f"{where} is ours: a media worker has it (process {pid})")
    return Finding(
        "media port",
        "bad",
        f"{where} is used by {command[0] or 'another program'} (process {pid})",
        "stop it, or set ATRIUM_MEDIA_PORT to another port",
    )


def holder(port: int) -> tuple[int, list[str]] | None:
    """The process that has this UDP port, and its command line; None where the system does not tell us."""
    sockets = set()
    for table in ("udp", "udp6"):  # proc(5)
        with contextlib.suppress(OSError):
            for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
                fields = line.split()
                if int(fields[1].rpartition(":")[2], 16) == port:
                    sockets.add(f"socket:[{fields[9]}]")
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):  # somebody else's, or gone
            if any(os.readlink(entry) in sockets for entry in (process / "fd").iterdir()):
                command = (process / "cmdline").read_bytes().decode(errors="replace").split("\0")
                return int(process.name), command
    return None


def _no_port(check: str, where: str, error: OSError, port_env: str, host_env: str) -> Finding:
    if error.errno == errno.EADDRINUSE:
        return Finding(
            check, "bad", f"{where} is used by another program", f"stop it, or set {port_env} to another port"
        )
    if error.errno == errno.EACCES:
        return Finding(
            check, "bad", f"{where} is not allowed to this user", f"set {port_env} to one above 1023"
        )
    return Finding(check, "bad", f"{where}: {error.strerror or error}", f"check {host_env}")


def told_addresses(settings: Settings, told: list[str]) -> list[Finding]:
    """Whether what browsers are told can be right."""
    if not told:
        advice = "set ATRIUM_MEDIA_ADDRESS to the address that browsers reach this machine by"
        return [Finding("media address", "bad", "no address of this machine was found", advice)]
    found = ", ".join(told)
    public = settings.public_url.startswith("https://") or not is_loopback(settings.host)
    if public and all(is_loopback(address) for address in told):
        return [
            Finding(
                "media address",
                "bad",
                f"browsers are told {found}, which is their own machine",
                "set ATRIUM_MEDIA_HOST=0.0.0.0 and ATRIUM_MEDIA_ADDRESS to this machine's public address",
            )
        ]
    private = all(ipaddress.ip_address(address).is_private for address in told)
    if settings.public_url.startswith("https://") and private:
        return [
            Finding(
                "media address",
                "warning",
                f"browsers are told {found}, which is private",
                "fine in a network of your own; for the internet set ATRIUM_MEDIA_ADDRESS to the public one",
            )
        ]
    return [Finding("media address", "good", f"browsers are told {found}")]


async def reaches_itself(host: str, port: int, address: str) -> Finding:
    """Send ourselves a datagram by way of the advertised address."""
    check = f"UDP to {address}"
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    token = secrets.token_bytes(16)
    try:
        with _bound(host, port) as receiving, socket.socket(family, socket.SOCK_DGRAM) as sending:
            receiving.setblocking(False)
            sending.setblocking(False)
            bound = receiving.getsockname()[1]
            loop = asyncio.get_running_loop()
            async with asyncio.timeout(LOOP_SECONDS):
                sending.sendto(token, (address, bound))
                while await loop.sock_recv(receiving, 64) != token:
                    pass
    except TimeoutError:
        ours = _is_own(address)
        return Finding(
            check,
            "bad" if ours else "warning",
            "a datagram to the advertised address did not come back"
            + ("" if ours else " (a NAT in front often does not loop)"),
            f"open UDP port {port or 'of media'} in the firewall and forward it here; "
            f"try from outside: `nc -u {address} {port or 'PORT'}` and tcpdump here",
        )
    except OSError as error:
        return Finding(check, "bad", str(error.strerror or error), "check ATRIUM_MEDIA_ADDRESS and routes")
    note = "" if port else " (the port itself is in use: tried with another one)"
    return Finding(check, "good", f"comes back to us{note}")


def _is_own(address: str) -> bool:
    """Whether the address is one of this machine's."""
    try:
        with _bound(address, 0):
            return True
    except OSError:
        return False


def _bound(host: str, port: int) -> socket.socket:
    """A UDP socket on it. Raises OSError."""
    family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM)[0]
    made = socket.socket(family, socket.SOCK_DGRAM)
    try:
        if family == socket.AF_INET6:
            made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        made.bind(address)
    except OSError:
        made.close()
        raise
    return made
