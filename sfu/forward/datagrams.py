"""What the Python plane needs of a UDP socket: batches in, batches out, through two big buffers.

Received datagrams lie in cells of `rx`, datagrams to send in cells of `tx` (at TX_STARTS); nothing is
copied between them and the system. `mmsg.py` has the fast form for Linux (recvmmsg, sendmmsg, UDP GSO),
`plain.py` the one for every system. Both open the socket here. An address is `(host, port)` for everybody
else; a `Remote` is the form in which the plane compares and uses it per packet.
"""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from sfu.forward.contract import MAX_DATAGRAM, Address

# A received datagram may be one byte longer than allowed, so that too long is told from just fitting.
RX_CELL = MAX_DATAGRAM + 64
RX_CELLS = 32
# Room for what a forwarded packet can gain: extension block, RTX number, authentication tag.
TX_CELL = MAX_DATAGRAM + 384
MAX_TAG = 16
# Cells of `tx`, by size: bytes, and how many. Voices, what a browser makes of video, and the rest. A turn's
# burst (RX_CELLS at most) fits into any kind.
CELLS = ((256, 256), (1344, 128), (TX_CELL, 32))
TX_CELLS = sum(count for _, count in CELLS)


def _starts() -> list[int]:
    at = 0
    found: list[int] = []
    for size, count in CELLS:
        found += range(at, at + size * count, size)
        at += size * count
    return found


TX_STARTS = _starts()
TX_BYTES = TX_STARTS[-1] + TX_CELL
# Longer packets never share a send: the kernel refuses segments over the path's MTU, and a refusal turns
# GSO off for everybody.
MAX_SEGMENT = 1400  # bytes
SOCKET_BUFFER = 4 << 20  # bytes: half a second of a full core's packets

# Packets that one send may carry: the first's cell (relative) and their lengths, all equal but for a
# shorter last one, at most `segments`.
Run = tuple[int, list[int]]

# Remotes, the cell of the first one's first packet, how each one's packets may share a send, and how many
# cells each one has: they lie one remote's behind the other's.
Entry = tuple[list[Any], int, list[Run], int]

_MAPPED = "::ffff:"


@dataclass(frozen=True, slots=True)
class Remote:
    """A remote address as the socket uses it. `key` compares, `handle` sends, `owner` keeps it alive."""

    key: Hashable
    handle: Any
    owner: Any = None


class Datagrams(Protocol):
    """One UDP socket in batches.

    `segments` is how many equal-sized packets to one remote one send may carry (1: no GSO).
    `no_room` and `send_errors` count packets that the system did not take, `unsent_bytes` their bytes.
    """

    sock: socket.socket
    rx: bytearray
    rx_pointers: list[Any]
    rx_lengths: Sequence[int]
    tx: bytearray
    tx_pointers: list[Any]
    segments: int
    no_room: int
    send_errors: int
    unsent_bytes: int

    def receive(self, limit: int) -> int:
        """Fill at most `limit` (1..RX_CELLS) cells without waiting; returns how many."""

    def source_key(self, cell: int) -> Hashable:
        """The `Remote.key` of the sender of what lies in this cell."""

    def source(self, cell: int) -> Address:
        """The sender's address."""

    def remote(self, address: Address) -> Remote:
        """The address for sending and comparing. Raises ValueError when it is none of this socket's."""

    def enqueue(self, first: int, lengths: Sequence[int], entries: list[Entry]) -> None:
        """Queue what lies in the cells from `first` on, in these lengths, to whom the entries name."""

    def flush(self) -> None:
        """Send what is queued; what the system does not take now is dropped and counted."""


def open_socket(host: str, port: int) -> socket.socket:
    """A bound, non-blocking UDP socket; dual-stack for an IPv6 wildcard. Raises OSError."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_DGRAM)
    try:
        sock.setblocking(False)
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        for option in (socket.SO_RCVBUF, socket.SO_SNDBUF):
            with contextlib.suppress(OSError):  # the system's limit is lower: take what it gives
                sock.setsockopt(socket.SOL_SOCKET, option, SOCKET_BUFFER)
        sock.bind((host, port))
    except OSError:
        sock.close()
        raise
    return sock


def to_socket(sock: socket.socket, address: Address) -> Address:
    """The address in the family of the socket."""
    host, port = address
    if sock.family == socket.AF_INET6 and ":" not in host:
        return _MAPPED + host, port
    return host, port


def from_socket(host: str, port: int) -> Address:
    """The address as others see it: IPv4 over a dual-stack socket is IPv4."""
    return host.removeprefix(_MAPPED) if host.startswith(_MAPPED) and "." in host else host, port


def cut_runs(lengths: list[int], tag_bytes: int, segments: int) -> list[Run]:
    """Cut packets of these lengths into what one send may carry: equal ones, the last may be shorter."""
    if len(lengths) == 1:
        return [(0, [lengths[0] + tag_bytes])]
    runs: list[Run] = []
    for index, bare in enumerate(lengths):
        length = bare + tag_bytes
        if runs:
            together = runs[-1][1]
            if length <= together[0] == together[-1] <= MAX_SEGMENT and len(together) < segments:
                together.append(length)
                continue
        runs.append((index, [length]))
    return runs
