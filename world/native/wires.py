"""Sockets that can be written to directly, so that what many are told is written in one call.

A wire is a number for one connection's socket. It is shut while the connection's transport has something to
write, and for good once that ends, so nothing overtakes and nothing goes astray: a socket's number may be
another's by then. A wire is given anew only when everybody has forgotten its connection (`release`).
"""

from __future__ import annotations

from array import array

SHUT = -1


class Wires:
    """The sockets of this process: `fds` by wire, SHUT where nothing may be written directly."""

    def __init__(self) -> None:
        self.fds = array("i")
        self._free: list[int] = []

    def take(self) -> int:
        """A wire, shut at first."""
        if self._free:
            return self._free.pop()
        self.fds.append(SHUT)
        return len(self.fds) - 1

    def open(self, wire: int, fd: int) -> None:
        """Nothing waits for this wire's socket."""
        self.fds[wire] = fd

    def shut(self, wire: int) -> None:
        """Nothing may be written directly."""
        self.fds[wire] = SHUT

    def release(self, wire: int) -> None:
        """Nobody knows this wire any more."""
        self.fds[wire] = SHUT
        self._free.append(wire)


WIRES = Wires()
