"""Free ports for servers that a test starts."""

from __future__ import annotations

import itertools
import random
import socket

# Below the ports that Linux hands out by itself (net.ipv4.ip_local_port_range): nobody gets one of these by
# chance, not even while the server that it belongs to is away for a restart. Where a run begins is chance,
# so that two runs on one machine stay out of each other's way.
_FIRST, _END = 12_000, 32_000
_next = itertools.count(random.randrange(_END - _FIRST))


def free_port() -> int:
    """A port that nobody uses now, neither by TCP nor by UDP. It is not handed out again in this run."""
    for number in itertools.islice(_next, _END - _FIRST):
        port = _FIRST + number % (_END - _FIRST)
        if _is_free(port, socket.SOCK_STREAM) and _is_free(port, socket.SOCK_DGRAM):
            return port
    raise AssertionError("no port is free")


def _is_free(port: int, kind: socket.SocketKind) -> bool:
    with socket.socket(socket.AF_INET, kind) as probe:
        try:
            probe.bind(("", port))
        except OSError:
            return False
    return True


def answers(port: int) -> bool:
    """Does somebody take TCP connections on this port of 127.0.0.1?"""
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True
