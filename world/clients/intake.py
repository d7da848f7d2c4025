"""The way in for steps: many sockets that are read together (`world/native/intake.c`).

To wake up for a step costs more than the step. So what comes first is read at once, and what comes then
once in GATHER_SECONDS, a fifth of a tick: by then many sockets have brought something, and one call reads
them all. A step comes out of it as a step; all else goes to its connection as the bytes that it is, the way
it would have gone. Optional: without it every connection's transport reads its own socket.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Protocol, get_args

from signaling.messages import Direction, PlayerMove
from world.native import extension

GATHER_SECONDS = 0.01

_DIRECTIONS: tuple[Direction, ...] = get_args(Direction)


class Source(Protocol):
    """A connection whose socket is read here."""

    wire: int
    # Looks since something was heard.
    silent: int

    @property
    def step(self) -> Callable[[PlayerMove, float], None] | None:
        """Takes a step that came at a time of the loop (seconds); there while the socket is read here."""

    def brought(self, data: bytes) -> bool:
        """Something else has come. Whether it is in the middle of something now."""

    def ended(self) -> None:
        """The socket brings nothing more."""

    def not_taken(self) -> None:
        """An exception came out of `step`; it is being handled."""


class Intake:
    """The sockets of one event loop. Use `intake()`."""

    def __init__(self, native: Any) -> None:
        self._lib, self._ffi = native.lib, native.ffi
        made = self._lib.intake_new()
        if not made:
            raise OSError("no epoll instance")
        self._in: Any = self._ffi.gc(made, self._lib.intake_free)
        self._sources: dict[int, Source] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        # While nothing is read for a moment; None: it is waited for something to come.
        self._timer: asyncio.Handle | None = None

    def add(self, source: Source, fd: int, amid: bool) -> bool:
        """Read this socket here, which nobody else may do then; False where that cannot be. `amid`: as
        `brought` answers."""
        if self._lib.intake_add(self._in, source.wire, fd, amid) < 0:
            return False
        if not self._sources:
            self._loop = asyncio.get_running_loop()
            self._loop.add_reader(self._in.epoll, self._begin)
        self._sources[source.wire] = source
        return True

    def remove(self, source: Source, fd: int) -> None:
        """Read it no more. The socket must still be open, and its wire not be given back."""
        del self._sources[source.wire]
        self._lib.intake_remove(self._in, fd)
        if not self._sources and self._loop is not None:
            if self._timer is None:
                self._loop.remove_reader(self._in.epoll)
            else:
                self._timer.cancel()
                self._timer = None

    def _begin(self) -> None:
        """Something has come."""
        assert self._loop is not None
        self._loop.remove_reader(self._in.epoll)
        self._read()

    def _read(self) -> None:
        loop, native = self._loop, self._in
        assert loop is not None
        found = self._lib.intake_read(native)
        if not found:
            self._timer = None
            loop.add_reader(native.epoll, self._begin)
        elif native.more:
            self._timer = loop.call_soon(self._read)
        else:
            self._timer = loop.call_later(GATHER_SECONDS, self._read)
        self._hand_out(found, loop.time())

    def _hand_out(self, found: int, now: float) -> None:
        native, unpack, sources = self._in, self._ffi.unpack, self._sources
        bytes_came = self._lib.FOUND_BYTES  # below it are the directions of a step
        wires, kinds, numbers = (unpack(a, found) for a in (native.wires, native.kinds, native.numbers))
        xs = unpack(native.xs, found)
        ys = unpack(native.ys, found)
        for at, (wire, kind, number, x, y) in enumerate(zip(wires, kinds, numbers, xs, ys, strict=True)):
            source = sources.get(wire)
            if source is None:
                continue  # what came before has ended it
            source.silent = 0
            if kind < bytes_came:
                assert source.step is not None
                try:
                    source.step(PlayerMove(x, y, _DIRECTIONS[kind], number), now)
                except Exception:
                    source.not_taken()
            elif kind == bytes_came:
                amid = source.brought(self._ffi.buffer(native.bytes + number, native.sizes[at])[:])
                self._lib.intake_amid(native, wire, amid)
            else:
                source.ended()


def intake() -> Intake | None:
    """A new one; None where it is not built, or there can be none."""
    native = extension()
    if native is None:
        return None
    try:
        return Intake(native)
    except OSError:
        return None
