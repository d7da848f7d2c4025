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
    MAX_SEGMENT,
    RX_CELL,
    RX_CELLS,
    TX_BYTES,
    TX_CELLS,
    TX_STARTS,
    Entry,
    Remote,
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

        self.tx, tx, tx_at = _pinned(TX_BYTES)
        self.tx_pointers = [ffi.cast("void *", tx_at + at) for at in TX_STARTS]
        tx_vectors, tx_iov, self._tx_iov_at = _pinned(TX_CELLS * _VECTOR.size)
        for i, at in enumerate(TX_STARTS):
            _VECTOR.pack_into(tx_vectors, i * _VECTOR.size, tx_at + at, 0)
        self._tx_vectors = list(range(self._tx_iov_at, self._tx_iov_at + len(tx_vectors), _VECTOR.size))
        self._tx_lengths = memoryview(tx_vectors).cast("Q")[1::2]
        # One more than there are cells: the last is for packets that go out singly after all.
        tx_headers, self._tx_messages, _ = _pinned((TX_CELLS + 1) * _WORDS * 8)
        self._tx_headers, self._tx_words = tx_headers, memoryview(tx_headers).cast("Q")
        for i in range(TX_CELLS + 1):
            self._tx_words[i * _WORDS + 1] = self._name_bytes
        # A control message for each size of segments: all messages of that size may point to it.
        controls, control, self._controls_at = _pinned((MAX_SEGMENT + 1) * _CONTROL.size)
        for size in range(MAX_SEGMENT + 1):
            _CONTROL.pack_into(
                controls, size * _CONTROL.size, _CONTROL_LENGTH, socket.IPPROTO_UDP, UDP_SEGMENT, size
            )
        # What is queued, a list per word of a message: remotes, vectors, their number, control messages.
        self._queued: tuple[list[int], list[int], list[int], list[int]] = ([], [], [], [])
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

    def enqueue(self, first: int, lengths: Sequence[int], entries: list[Entry]) -> None:
        self._tx_lengths[first : first + len(lengths)] = array("Q", lengths)
        names, vectors, counts, controls = self._queued
        for handles, cell, runs, cells in entries:
            remotes = len(handles)
            end = cell + remotes * cells
            for start, run in runs:
                packets = len(run)
                control = self._controls_at + run[0] * _CONTROL.size if packets > 1 else 0
                names += handles
                vectors += self._tx_vectors[cell + start : end : cells]
                counts += [packets] * remotes
                controls += [control] * remotes

    def flush(self) -> None:
        names, vectors, counts, controls = self._queued
        count = len(names)
        end = count * _WORDS
        # Column by column, because that runs in C: the same word of all messages.
        for word, column in (
            (0, names),
            (2, vectors),
            (3, counts),
            (4, controls),
            (5, [_CONTROL.size if control else 0 for control in controls]),
        ):
            self._tx_words[word:end:_WORDS] = array("Q", column)
        for column in self._queued:
            column.clear()
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
