"""Batches of datagrams with nothing but Python's socket: for systems without `mmsg.py`'s calls."""

from __future__ import annotations

import socket
from collections.abc import Hashable, Sequence
from typing import Any

from sfu.forward.contract import MAX_DATAGRAM, Address
from sfu.forward.datagrams import (
    RX_CELL,
    RX_CELLS,
    TX_BYTES,
    TX_STARTS,
    Entry,
    Remote,
    from_socket,
    open_socket,
    to_socket,
)
from sfu.forward.srtp import ffi


class PlainDatagrams:
    """`Datagrams` by recvfrom_into and sendto, one call per packet."""

    def __init__(self, host: str, port: int) -> None:
        self.sock = open_socket(host, port)
        self.segments = 1
        self.no_room = self.send_errors = self.unsent_bytes = 0
        self.rx, self.tx = bytearray(RX_CELLS * RX_CELL), bytearray(TX_BYTES)
        self._rx_owner, self._tx_owner = (
            ffi.from_buffer("char[]", self.rx),
            ffi.from_buffer("char[]", self.tx),
        )
        self.rx_pointers: list[Any] = [self._rx_owner + i * RX_CELL for i in range(RX_CELLS)]
        self.tx_pointers: list[Any] = [self._tx_owner + at for at in TX_STARTS]
        self._lengths = [0] * RX_CELLS
        self.rx_lengths: Sequence[int] = self._lengths
        self._rx_views = [memoryview(self.rx)[i * RX_CELL :][: MAX_DATAGRAM + 1] for i in range(RX_CELLS)]
        self._tx_view = memoryview(self.tx)
        self._sources: list[Any] = [None] * RX_CELLS
        self._queue: list[tuple[Any, int, int]] = []

    def receive(self, limit: int) -> int:
        for cell in range(limit):
            try:
                self._lengths[cell], self._sources[cell] = self.sock.recvfrom_into(self._rx_views[cell])
            except OSError:  # empty, or an ICMP answer that concerns no one
                return cell
        return limit

    def source_key(self, cell: int) -> Hashable:
        source: Hashable = self._sources[cell]
        return source

    def source(self, cell: int) -> Address:
        return from_socket(*self._sources[cell][:2])

    def remote(self, address: Address) -> Remote:
        host, port = to_socket(self.sock, address)
        try:
            if not 0 <= port <= 0xFFFF:
                raise OverflowError("port")
            infos = socket.getaddrinfo(
                host, port, self.sock.family, socket.SOCK_DGRAM, flags=socket.AI_NUMERICHOST
            )
        except (OSError, OverflowError) as error:
            raise ValueError(f"not an address of this socket: {address!r}") from error
        return Remote(infos[0][4], infos[0][4])

    def enqueue(self, first: int, lengths: Sequence[int], entries: list[Entry]) -> None:
        for handles, cell, _, cells in entries:
            for handle in handles:
                for place in range(cell, cell + cells):
                    self._queue.append((handle, TX_STARTS[place], lengths[place - first]))
                cell += cells

    def flush(self) -> None:
        for handle, at, length in self._queue:
            try:
                self.sock.sendto(self._tx_view[at : at + length], handle)
            except BlockingIOError:
                self.no_room += 1
                self.unsent_bytes += length
            except OSError:
                self.send_errors += 1
                self.unsent_bytes += length
        self._queue.clear()
