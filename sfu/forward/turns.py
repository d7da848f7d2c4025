"""When the Python plane looks at its socket: at once where packets are rare, by the clock where many.

A turn has a price whatever it brings: the system's calls, and code and tables that others have pushed out of
the processor's caches. Where packets follow each other, each would have a turn for itself. So what comes
within GATHER_SECONDS shares one: nothing wakes the loop for it but a timer, until that finds nothing. A
loaded plane finds more than a turn takes, and does not wait.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable

# A packet waits so long for others at most, and for what rounding a timer to milliseconds adds.
GATHER_SECONDS = 0.003
# Packets that come so soon after others are many.
DENSE_SECONDS = 0.005
# Turns without a packet after which they are rare again.
MAX_EMPTY = 2


class Turns:
    """Has `turn` look at `sock`. It returns how many datagrams there were, and whether there may be more."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        sock: socket.socket,
        turn: Callable[[], tuple[int, bool]],
        clock: Callable[[], float],
    ) -> None:
        self._loop = loop
        self._sock = sock
        self._turn = turn
        self._clock = clock
        self._last = float("-inf")
        self._empty = 0
        self._next: asyncio.Handle | None = None
        self._closed = False
        loop.add_reader(sock, self._readable)

    def close(self) -> None:
        """No turn begins after this."""
        self._closed = True
        if self._next is None:
            self._loop.remove_reader(self._sock)
        else:
            self._next.cancel()

    def _readable(self) -> None:
        now = self._clock()
        gap, self._last = now - self._last, now
        _, more = self._turn()
        if gap < DENSE_SECONDS and not self._closed:
            self._loop.remove_reader(self._sock)
            self._empty = 0
            self._go_on(more)

    def _due(self) -> None:
        received, more = self._turn()
        if self._closed:
            return
        self._empty = 0 if received else self._empty + 1
        if self._empty < MAX_EMPTY:
            self._go_on(more)
        else:
            self._next = None
            self._loop.add_reader(self._sock, self._readable)

    def _go_on(self, more: bool) -> None:
        self._next = (
            self._loop.call_soon(self._due) if more else self._loop.call_later(GATHER_SECONDS, self._due)
        )
