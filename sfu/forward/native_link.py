"""The seam to the C plane: finding the extension, addresses as C has them, and the ring of commands.

Nothing here knows peers or slots. The C side's rules stand in plane.c; the one that matters here: memory
that a command takes out of use is freed when the data thread has done that command.
"""

from __future__ import annotations

import asyncio
import socket
import struct
import threading
from collections import deque
from functools import lru_cache
from typing import Any

from sfu.forward import srtp
from sfu.forward.contract import Address
from sfu.forward.datagrams import from_socket, to_socket
from signaling import extensions

NAME_BYTES = 28
SPILL_SECONDS = 0.001


@lru_cache(maxsize=1)
def _extension() -> Any:
    """The extension module. Raises RuntimeError with the reason when there is none that can be used."""
    try:
        module = extensions.load("sfu.forward._plane")
    except ImportError as error:
        raise RuntimeError(f"the extension is not built ({error.msg})") from error
    srtp.check_seam()

    def plane_python_clock(handle: Any) -> float:
        return float(module.ffi.from_handle(handle)())

    module.ffi.def_extern()(plane_python_clock)
    return module


def extension() -> Any:
    """The extension's (`ffi`, `lib`). Raises RuntimeError with the reason when it cannot be used."""
    module = _extension()
    return module.ffi, module.lib


def available() -> str | None:
    """None when the native plane works here, else why it does not."""
    try:
        extension()
    except RuntimeError as error:
        return str(error)
    return None


def srtp_pointers() -> tuple[int, int]:
    """libsrtp's protect and unprotect as addresses."""
    return tuple(  # type: ignore[return-value]
        int(srtp.ffi.cast("uintptr_t", srtp.ffi.addressof(srtp.lib, name)))
        for name in ("srtp_protect", "srtp_unprotect")
    )


def context_pointer(session: srtp.SrtpSession) -> int:
    """The session's libsrtp context as an address; the session has to outlive its use."""
    return int(srtp.ffi.cast("uintptr_t", session.context))


def pack_name(sock: socket.socket, address: Address) -> bytes:
    """The address as the socket's struct sockaddr. Raises ValueError when it is none of this socket's."""
    host, _, scope = to_socket(sock, address)[0].partition("%")
    try:
        packed = socket.inet_pton(sock.family, host)
        start = struct.pack("=H", sock.family) + struct.pack("!H", address[1])
        if sock.family == socket.AF_INET:
            return (start + packed).ljust(NAME_BYTES, b"\0")
        return start + bytes(4) + packed + struct.pack("=I", int(scope or 0))
    except (OSError, struct.error, ValueError) as error:
        raise ValueError(f"not an address of this socket: {address!r}") from error


def unpack_name(name: bytes) -> Address:
    """The address in a struct sockaddr."""
    family = int.from_bytes(name[:2], "little")
    port = name[2] << 8 | name[3]
    if family == socket.AF_INET:
        return socket.inet_ntop(socket.AF_INET, name[4:8]), port
    host = socket.inet_ntop(socket.AF_INET6, name[8:24])
    scope = int.from_bytes(name[24:28], "little")
    return from_socket(f"{host}%{scope}" if scope else host, port)


class Commands:
    """Commands to one plane, in order and without waiting: what its ring has no room for waits here."""

    def __init__(self, plane: Any) -> None:
        self._ffi, self._lib = extension()
        self._plane = plane
        self._given = 0  # commands, those that still wait here included
        self._spill: deque[tuple[Any, ...]] = deque()
        self._timer: asyncio.TimerHandle | None = None
        self._retired: deque[tuple[int, Any]] = deque()

    @property
    def spilled(self) -> int:
        """How many commands wait for room in the ring."""
        return len(self._spill)

    def give(
        self,
        op: int,
        a: Any = 0,
        b: Any = 0,
        c: int = 0,
        *,
        number: int = 0,
        name: bytes | None = None,
        retire: Any = None,
    ) -> None:
        """Give a command; `retire` is kept alive until the data thread has done it."""
        self._given += 1
        command = (op, self._pointer(a), self._pointer(b), c, number, name or self._ffi.NULL)
        if self._spill or not self._lib.plane_push(self._plane, *command):
            self._spill.append(command)
            self._flush_later()
        if retire is not None:
            self._retired.append((self._given, retire))
        self.collect()

    def gave(self, count: int) -> None:
        """So many commands went into the ring past `give`; only while nothing is `spilled`."""
        self._given += count

    def collect(self) -> None:
        """Let go of what the data thread no longer uses."""
        if self._retired:
            done = self._lib.plane_consumed(self._plane)
            while self._retired and self._retired[0][0] <= done:
                self._retired.popleft()

    def close(self) -> None:
        """The data thread has ended: nothing is kept, nothing is sent."""
        if self._timer is not None:
            self._timer.cancel()
        self._spill.clear()
        self._retired.clear()

    def _pointer(self, thing: Any) -> int:
        return thing if isinstance(thing, int) else int(self._ffi.cast("uintptr_t", thing))

    def _flush_later(self) -> None:
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(SPILL_SECONDS, self._flush)

    def _flush(self) -> None:
        self._timer = None
        while self._spill and self._lib.plane_push(self._plane, *self._spill[0]):
            self._spill.popleft()
        if self._spill:
            self._flush_later()


def shut_down(plane: Any, thread: threading.Thread, sock: socket.socket) -> None:
    """End the data thread, then free what it used."""
    _, lib = extension()
    lib.plane_stop(plane)
    thread.join()
    lib.plane_free(plane)
    sock.close()
