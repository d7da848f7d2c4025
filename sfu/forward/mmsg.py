"""Batches of datagrams on Linux: recvmmsg, sendmmsg and UDP GSO through cffi, without a compiler.

The structs are those of a 64-bit Linux (`available` says whether this is one). A `struct mmsghdr` is
eight 8-byte words; they are written with one `pack_into` per message instead of field by field:

    0 msg_name  1 msg_namelen  2 msg_iov  3 msg_iovlen  4 msg_control  5 msg_controllen  6 flags  7 msg_len

UDP GSO (Linux 4.18): one message of several equal packets, cut apart by the kernel or the network card.
Where a route or a driver refuses it (EINVAL, EIO) it stays off for the socket's life.
"""

from __future__ import annotations

import errno
import socket
import struct
import sys
from array import array
from collections.abc import Hashable, Sequence
from typing import Any

from cffi import FFI

from sfu.forward.contract import MAX_DATAGRAM, Address
from sfu.forward.datagrams import (
    RX_CELL,
    RX_CELLS,
    TX_CELL,
    TX_CELLS,
    Remote,
    Run,
    from_socket,
    open_socket,
    to_socket,
)

ffi = FFI()
ffi.cdef(
    """
    int recvmmsg(int fd, void *messages, unsigned count, int flags, void *timeout);
    int sendmmsg(int fd, void *messages, unsigned count, int flags);
    """
)

UDP_SEGMENT = 103  # linux/udp.h
GSO_SEGMENTS = 32  # the kernel allows 64, and 65,507 bytes together (MAX_SEGMENT keeps below)

_WORDS = 8
_MESSAGE = struct.Struct("=QQQQQQ")
_VECTOR = struct.Struct("=QQ")
_CONTROL = struct.Struct("=QiiHxxxxxx")  # cmsg_len, level, type, segment size
_CONTROL_LENGTH = 18
_GSO_REFUSED = (errno.EINVAL, errno.EIO, errno.EOPNOTSUPP, errno.ENOPROTOOPT)
_FULL = (errno.EAGAIN, errno.ENOBUFS)


def available() -> bool:
    """Whether this system has the calls and the struct layout that this file writes."""
    if not sys.platform.startswith("linux") or sys.maxsize < 2**32 or sys.byteorder != "little":
        return False
    try:
        libc = ffi.dlopen(None)
        return bool(libc.recvmmsg and libc.sendmmsg)
    except (OSError, AttributeError):
        return False


def _pinned(size: int) -> tuple[bytearray, Any, int]:
    """A zeroed buffer that cannot move, its owner and its address."""
    memory = bytearray(size)
    owner = ffi.from_buffer("char[]", memory)
    return memory, owner, int(ffi.cast("uintptr_t", owner))


class MmsgDatagrams:
    """`Datagrams` by recvmmsg and sendmmsg."""

    def __init__(self, host: str, port: int) -> None:
        self._libc = ffi.dlopen(None)
        self.sock = open_socket(host, port)
        self._fd = self.sock.fileno()
        self._name_bytes = 28 if self.sock.family == socket.AF_INET6 else 16
        # What tells remotes apart: family, port and address; of IPv6 also the scope.
        self._key_bytes = 28 if self.sock.family == socket.AF_INET6 else 8
        self.segments = GSO_SEGMENTS
        self.no_room = self.send_errors = self.unsent_bytes = 0

        self.rx, rx, rx_at = _pinned(RX_CELLS * RX_CELL)
        self.rx_pointers = [ffi.cast("void *", rx_at + i * RX_CELL) for i in range(RX_CELLS)]
        self._names, names, names_at = _pinned(RX_CELLS * 32)
        rx_vectors, rx_iov, rx_iov_at = _pinned(RX_CELLS * _VECTOR.size)
        rx_messages, self._rx_messages, _ = _pinned(RX_CELLS * _WORDS * 8)
        for i in range(RX_CELLS):
            _VECTOR.pack_into(rx_vectors, i * _VECTOR.size, rx_at + i * RX_CELL, MAX_DATAGRAM + 1)
            _MESSAGE.pack_into(
                rx_messages, i * 64, names_at + i * 32, self._name_bytes, rx_iov_at + i * 16, 1, 0, 0
            )
        self.rx_lengths: Sequence[int] = memoryview(rx_messages).cast("Q")[7::_WORDS]

        self.tx, tx, tx_at = _pinned(TX_CELLS * TX_CELL)
        self.tx_pointers = [ffi.cast("void *", tx_at + i * TX_CELL) for i in range(TX_CELLS)]
        tx_vectors, tx_iov, self._tx_iov_at = _pinned(TX_CELLS * _VECTOR.size)
        for i in range(TX_CELLS):
            _VECTOR.pack_into(tx_vectors, i * _VECTOR.size, tx_at + i * TX_CELL, 0)
        self._tx_lengths = memoryview(tx_vectors).cast("Q")[1::2]
        # One more than there are cells: the last is for packets that go out singly after all.
        self._tx_headers, self._tx_messages, self._tx_messages_at = _pinned((TX_CELLS + 1) * _WORDS * 8)
        self._tx_words = memoryview(self._tx_headers).cast("Q")
        self._control, control, self._control_at = _pinned(TX_CELLS * _CONTROL.size)
        for i in range(TX_CELLS + 1):
            self._tx_words[i * _WORDS + 1] = self._name_bytes
        self._queued = 0
        self._owners = (rx, names, rx_iov, tx, tx_iov, control)

    def receive(self, limit: int) -> int:
        count: int = self._libc.recvmmsg(self._fd, self._rx_messages, limit, 0, ffi.NULL)
        return max(count, 0)  # an error here is an empty socket, or an ICMP answer that concerns no one

    def source_key(self, cell: int) -> Hashable:
        return bytes(self._names[cell * 32 : cell * 32 + self._key_bytes])

    def source(self, cell: int) -> Address:
        name = self._names[cell * 32 : cell * 32 + self._name_bytes]
        port = name[2] << 8 | name[3]
        if self.sock.family == socket.AF_INET:
            return socket.inet_ntop(socket.AF_INET, name[4:8]), port
        scope = int.from_bytes(name[24:28], sys.byteorder)
        host = socket.inet_ntop(socket.AF_INET6, name[8:24])
        return from_socket(f"{host}%{scope}" if scope else host, port)

    def remote(self, address: Address) -> Remote:
        host, port = to_socket(self.sock, address)
        host, _, scope = host.partition("%")
        try:
            packed = socket.inet_pton(self.sock.family, host)
            family = struct.pack("=H", self.sock.family) + struct.pack("!H", port)
            if self.sock.family == socket.AF_INET:
                name = family + packed + bytes(8)
            else:
                name = family + bytes(4) + packed + struct.pack("=I", int(scope or 0))
        except (OSError, struct.error, ValueError) as error:
            raise ValueError(f"not an address of this socket: {address!r}") from error
        owner = ffi.new("char[]", name)
        return Remote(name[: self._key_bytes], int(ffi.cast("uintptr_t", owner)), owner)

    def enqueue(self, handles: Sequence[Any], cell: int, runs: list[Run], cells: int) -> None:
        """See `Datagrams`. Column by column, because that runs in C: the same word of all messages."""
        if len(handles) == 1 == cells:  # one packet to one remote: columns would cost more than they save
            self._tx_lengths[cell] = runs[0][1][0]
            vector = self._tx_iov_at + cell * _VECTOR.size
            name = (handles[0], self._name_bytes)
            _MESSAGE.pack_into(self._tx_headers, self._queued * 64, *name, vector, 1, 0, 0)
            self._queued += 1
            return
        remotes, step = len(handles), len(runs)
        message, end = self._queued, self._queued + remotes * step
        self._queued = end
        words, names = self._tx_words, array("Q", handles)
        for place, (start, lengths) in enumerate(runs):
            for at, length in enumerate(lengths, cell + start):
                self._tx_lengths[at : cell + remotes * cells : cells] = array("Q", (length,)) * remotes
            column = slice((message + place) * _WORDS, end * _WORDS, step * _WORDS)
            first = self._tx_iov_at + (cell + start) * _VECTOR.size
            vectors = range(first, first + remotes * cells * _VECTOR.size, cells * _VECTOR.size)
            control = length = 0
            if len(lengths) > 1:  # all of them may point to one control message
                at = (message + place) * _CONTROL.size
                control, length = self._control_at + at, _CONTROL.size
                _CONTROL.pack_into(
                    self._control, at, _CONTROL_LENGTH, socket.IPPROTO_UDP, UDP_SEGMENT, lengths[0]
                )
            words[column] = names
            words[column.start + 2 : column.stop : column.step] = array("Q", vectors)
            words[column.start + 3 : column.stop : column.step] = array("Q", (len(lengths),)) * remotes
            words[column.start + 4 : column.stop : column.step] = array("Q", (control,)) * remotes
            words[column.start + 5 : column.stop : column.step] = array("Q", (length,)) * remotes

    def flush(self) -> None:
        count, self._queued = self._queued, 0
        done = 0
        while done < count:
            sent = self._libc.sendmmsg(self._fd, self._tx_messages + done * 64, count - done, 0)
            if sent > 0:
                done += sent
                continue
            code = ffi.errno
            if code in _FULL:
                # Waiting would hold up everybody: what does not fit now is lost, as on any full link.
                for message in range(done, count):
                    self.no_room += self._give_up(message)
                return
            if code in _GSO_REFUSED and self._tx_words[done * _WORDS + 3] > 1:
                self.segments = 1
                self._send_singly(done)
            else:
                self.send_errors += self._give_up(done)
            done += 1

    def _give_up(self, message: int) -> int:
        """Count the bytes of this message as unsent; returns its packets."""
        first = (self._tx_words[message * _WORDS + 2] - self._tx_iov_at) // 16
        count: int = self._tx_words[message * _WORDS + 3]
        self.unsent_bytes += sum(self._tx_lengths[first : first + count])
        return count

    def _send_singly(self, message: int) -> None:
        """Send the packets of a refused GSO message one by one."""
        name, length, iov, count = self._tx_words[message * _WORDS : message * _WORDS + 4]
        spare = TX_CELLS
        for i in range(count):
            _MESSAGE.pack_into(self._tx_headers, spare * 64, name, length, iov + 16 * i, 1, 0, 0)
            if self._libc.sendmmsg(self._fd, self._tx_messages + spare * 64, 1, 0) != 1:
                self.send_errors += self._give_up(spare)
