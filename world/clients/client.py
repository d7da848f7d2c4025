"""One connected client: what may be sent to it, and how much it may send. No socket in here.

A client that reads too slowly is not sent ticks while more than `SOFT_BYTES` wait for it: what it
misses is not kept but made up for by one whole picture once it has caught up. One that does not catch
up within `LAG_SECONDS`, or for which more than `HARD_BYTES` wait, is closed with the reason. So the only
queue is the transport's own, and it has a bound.
"""

from __future__ import annotations

from typing import Protocol

from signaling.messages import Closing, Message
from signaling.ratelimit import TokenBucket
from world.clients.frames import frame
from world.records import Seat
from world.space.player import Player

SOFT_BYTES = 64 * 1024
HARD_BYTES = 1024 * 1024
# Caught up: less than this waits.
CLEAR_BYTES = 8 * 1024
LAG_SECONDS = 10.0

# Messages per second and saved up, by kind. A client sends a move per frame at most.
MOVES = (60.0, 120.0)
CHATS = (1.0, 5.0)
OFFERS = (0.5, 6.0)
# Questions that have to be asked of the media workers.
ASKS = (1.0, 5.0)
FIGURES = (1.5, 5.0)
TOTAL = (120.0, 300.0)
# Bad messages: an honest client sends none, a broken one is told for a while and then let go.
ERRORS = (1.0, 20.0)


class Outlet(Protocol):
    """The way to one socket. Never blocks, never raises; a dead socket swallows everything.

    `wire`: where the socket can be written to directly (`world.native.wires`), -1: nowhere.
    """

    @property
    def wire(self) -> int: ...

    def write(self, data: bytes) -> None:
        """Whole WebSocket frames."""

    def offer(self, data: bytes) -> bool:
        """The same, but not while more than SOFT_BYTES wait. Whether it was written."""

    def pending(self) -> int:
        """Bytes that were written and that the network has not taken."""

    def finish(self) -> None:
        """Close after what was written; cut when the other side does not take it soon."""


class Client:
    """A player's one connection."""

    __slots__ = (
        "_moves_told",
        "asks",
        "chats",
        "closed",
        "closed_code",
        "errors",
        "figures",
        "known",
        "lagging_since",
        "moves",
        "offers",
        "outlet",
        "player",
        "renewing",
        "seat",
        "speaking",
        "total",
    )

    def __init__(self, seat: Seat, player: Player, outlet: Outlet) -> None:
        self.seat = seat
        self.player = player
        self.outlet = outlet
        self.closed = False
        self.closed_code: str | None = None
        # While it lags: since when, and whom it may still show.
        self.lagging_since: float | None = None
        self.known: set[str] = set()
        # Who it was last told is speaking.
        self.speaking: list[str] = []
        self.moves = TokenBucket(*MOVES)
        self.chats = TokenBucket(*CHATS)
        self.offers = TokenBucket(*OFFERS)
        self.asks = TokenBucket(*ASKS)
        self.figures = TokenBucket(*FIGURES)
        self.total = TokenBucket(*TOTAL)
        self.errors = TokenBucket(*ERRORS)
        # It is about to be given a new resume token.
        self.renewing = False
        self._moves_told = float("-inf")

    def send(self, message: Message) -> None:
        """Send one message of its own."""
        self.send_frame(frame(message))

    def send_frame(self, data: bytes) -> None:
        """Send whole frames, or close a client for which too much waits."""
        if self.closed:
            return
        if self.outlet.pending() > HARD_BYTES:
            self.close(Closing("slow", "your connection takes in less than there is to tell", 5000))
            return
        self.outlet.write(data)

    def close(self, message: Closing) -> None:
        """Say why, and close. Idempotent."""
        if not self.closed:
            self.closed = True
            self.closed_code = message.code
            self.outlet.write(frame(message))
            self.outlet.finish()

    def may_tell_moves(self, now: float) -> bool:
        """Whether it is time to say again that it moves too often (once a second)."""
        if now - self._moves_told < 1.0:
            return False
        self._moves_told = now
        return True
