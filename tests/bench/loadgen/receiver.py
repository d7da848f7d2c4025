"""The C receiver (`receive.c`) as Python sees it. It is compiled where it runs, by cffi."""

from __future__ import annotations

import functools
import importlib.util
import socket
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cffi import FFI

SOURCE = Path(__file__).with_name("receive.c")
SO_TIMESTAMPNS, SO_RCVBUFFORCE = 35, 33  # asm-generic/socket.h
SOCKET_BUFFER = 2 << 20


@functools.cache
def _compiled() -> Any:
    """The extension, built anew in a folder of its own. Raises VerificationError without a compiler."""
    text = SOURCE.read_text()
    builder = FFI()
    builder.cdef(text.partition("/* cdef begin */")[2].partition("/* cdef end */")[0])
    builder.set_source("_loadgen", text, extra_compile_args=["-O2"])
    path = builder.compile(tmpdir=tempfile.mkdtemp(prefix="loadgen-"))
    spec = importlib.util.spec_from_file_location("_loadgen", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@dataclass(frozen=True)
class Arrived:
    """A datagram; `at` is when the kernel took it (CLOCK_REALTIME, ns)."""

    socket: int
    data: bytes
    at: int


@dataclass(frozen=True)
class Stream:
    """One SSRC at one socket. `first` and `highest` are extended sequence numbers."""

    packets: int
    bytes: int
    first: int
    highest: int
    late: int


class Receiver:
    """Every socket of the generator. There is one per process: its tables are the extension's own."""

    def __init__(self) -> None:
        module = _compiled()
        self._ffi, self._lib = module.ffi, module.lib
        self._epoll = self._lib.receiver_open()
        self._totals = self._lib.receiver_totals()

    def add(self, sock: socket.socket, number: int) -> None:
        """Read this socket from now on; its datagrams are told by `number`."""
        for option, value in ((SO_RCVBUFFORCE, SOCKET_BUFFER), (SO_TIMESTAMPNS, 1)):
            try:
                sock.setsockopt(socket.SOL_SOCKET, option, value)
            except PermissionError:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, value)
        if self._lib.receiver_add(self._epoll, sock.fileno(), number):
            raise OSError("a socket cannot be watched")

    def sample(self, every: int) -> None:
        """Keep each n-th RTP packet for `samples`; 0: none."""
        self._totals.every = every

    def read(self) -> bool:
        """Take everything that waits. Whether there is something in `others` or `samples`."""
        self._lib.receiver_read(self._epoll)
        return bool(self._totals.others or self._totals.samples)

    def others(self) -> Iterator[Arrived]:
        """STUN, DTLS and SRTCP since this was last asked."""
        count, self._totals.others = self._totals.others, 0
        return self._datagrams(self._lib.receiver_others(), count)

    def samples(self) -> Iterator[Arrived]:
        """RTP packets kept since this was last asked."""
        count, self._totals.samples = self._totals.samples, 0
        return self._datagrams(self._lib.receiver_samples(), count)

    def _datagrams(self, entries: Any, count: int) -> Iterator[Arrived]:
        for index in range(count):
            entry = entries[index]
            data = bytes(self._ffi.buffer(entry.data, entry.length))
            yield Arrived(entry.socket, data, entry.arrived)

    @property
    def packets(self) -> int:
        """RTP packets of all sockets."""
        return int(self._totals.packets)

    @property
    def unkept(self) -> int:
        """Datagrams for Python that found no room: the generator was too slow."""
        return int(self._totals.unkept)

    def streams(self) -> dict[tuple[int, int], Stream]:
        """All streams by (socket, SSRC)."""
        entries = self._ffi.new("stream[]", self._totals.streams)
        return {
            (entry.socket, entry.ssrc): Stream(
                entry.packets, entry.bytes, entry.first, entry.highest, entry.late
            )
            for entry in entries[0 : self._lib.receiver_streams(entries)]
        }
