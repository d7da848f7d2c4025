"""One client of this node, wherever its space is owned.

It lives as long as the socket. Behind it the seat may change: at this node, at another one, or nowhere for
the few seconds in which a dead owner's space is taken over. What a new owner must know of the client
(session, mute state, pin) is remembered here, so nobody is thrown out or unmuted by the change.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Protocol

from signaling.codec import encode
from signaling.messages import (
    ClientMessage,
    Closing,
    Error,
    MediaAnswer,
    MediaFlags,
    MediaState,
    Pin,
    Ping,
    PlayerMove,
    Pong,
    Show,
    Showing,
    ZoneEntered,
    ZoneExited,
    tag_of,
)
from signaling.ratelimit import TokenBucket
from world.clients.client import ERRORS, TOTAL, Client, Outlet
from world.clients.frames import frame
from world.records import Known, Seat
from world.running import talk
from world.running.live import LiveSpace


class Way(Protocol):
    """From a visit to its seat."""

    def say(self, visit: Visit, data: bytes, message: ClientMessage) -> None:
        """A message of the client (its bytes, and what they mean)."""

    def err(self, visit: Visit, error: Error) -> None:
        """The client sent nonsense."""

    def end(self, visit: Visit, back: float = 0.0) -> None:
        """The socket is closed; `back`: the client will come again within so many seconds."""


class Visit:
    """A client. `way` is None while nobody owns the space."""

    __slots__ = (
        "_booth",
        "_errors",
        "_finished",
        "_flags",
        "_here",
        "_media",
        "_pinned",
        "_session",
        "_showing",
        "_told",
        "_total",
        "_watch",
        "arrived",
        "client",
        "gone",
        "live",
        "outlet",
        "placing",
        "resume",
        "seat",
        "server_id",
        "socket",
        "way",
    )

    def __init__(self, socket: int, server_id: str, seat: Seat, resume: str | None, outlet: Outlet) -> None:
        self.socket = socket
        self.server_id = server_id
        self.seat = seat
        self.resume = resume
        self.outlet = outlet
        self.way: Way | None = None
        # At this node: its seat.
        self.live: LiveSpace | None = None
        self.client: Client | None = None
        # The first seat, or the end before it.
        self.arrived: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.gone = False
        # Its seat is being looked for.
        self.placing = False
        self._finished = False
        self._here = False
        self._session: str | None = None
        self._flags = MediaFlags()
        self._watch = True
        self._pinned: str | None = None
        self._showing = Showing()
        self._media = False
        self._booth = False
        self._told = self._state()
        self._total = TokenBucket(*TOTAL)
        self._errors = TokenBucket(*ERRORS)

    @property
    def closed(self) -> bool:
        """Whether the client has been told `closing`."""
        client = self.client
        return self._finished or (client is not None and client.closed_code is not None)

    @property
    def session(self) -> str:
        """Its media session; empty before its first seat."""
        return self._session or ""

    @property
    def known(self) -> Known | None:
        """For its next owner; None before its first seat."""
        if self._session is None:
            return None
        self._told = self._state()
        return Known(
            self._session,
            self._flags,
            self._watch,
            self._showing,
            self._pinned,
            self._media,
            self._booth,
        )

    # --- its seat ----------------------------------------------------------------------------------

    def _state(self) -> tuple[MediaFlags, bool, Showing, str | None, bool]:
        return self._flags, self._watch, self._showing, self._pinned, self._booth

    def seated(self, session: str, flags: MediaFlags, watch: bool, showing: Showing) -> None:
        """It has its seat, with the mute state and status that the owner knows."""
        first = self._session is None
        self._session = session
        self._here = True
        if first:
            self._flags, self._watch, self._showing = flags, watch, showing
        elif self._told != self._state() and self.way is not None:
            # The client changed it while it had no seat.
            mine = self._flags
            mic = mine.mic or self._booth
            state = MediaState(mic, mine.camera, mine.screen, self._watch, self._booth)
            show = Show(self._showing.status, self._showing.seated)
            for message in (state, Pin(self._pinned), show):
                self.way.say(self, encode(message), message)
        if not self.arrived.done():
            self.arrived.set_result(None)

    def waiting(self) -> None:
        """It has no seat for now."""
        self._here = False

    def finish(self, code: str) -> None:
        """It was told `closing` with this code: close the socket."""
        if not self._finished:
            self._finished = True
            self.outlet.finish()
        if not self.arrived.done():
            self.arrived.set_result(None)

    def close(self, message: Closing) -> None:
        """Tell it so, and close."""
        if not self.closed:
            self.outlet.write(frame(message))
            self.finish(message.code)

    # --- what it says ------------------------------------------------------------------------------

    def step(self, move: PlayerMove, now: float) -> None:
        """A move, which is nearly all of what is said: there is nothing to remember of it."""
        live, client = self.live, self.client
        if live is None or client is None:
            # The seat is not at this node: then it is a message like others.
            if not self.closed:
                self.take(encode(move), move, lambda: now)
        elif self._here and not client.closed:
            talk.move(live, client, move, now)

    def take(self, data: bytes, message: ClientMessage, now: Callable[[], float]) -> None:
        """One message of the client."""
        if isinstance(message, MediaState):
            self._flags = MediaFlags(message.mic and not message.booth, message.camera, message.screen)
            self._booth = message.mic and message.booth
            self._watch = message.watch
        elif isinstance(message, Pin):
            self._pinned = message.user_id
        elif isinstance(message, Show):
            self._showing = Showing(message.status, message.seated)
        elif isinstance(message, MediaAnswer):
            self._media = True
        if self.client is None:
            # The owner is elsewhere: what need not go there does not, and a flood ends here.
            if not self._total.take(now()):
                self.err(Error("rate_limited", "you send too much"), now)
                return
            if isinstance(message, Ping):
                self.outlet.write(frame(Pong(message.at)))
                return
        if self.way is not None and self._here:
            self.way.say(self, data, message)
        elif not isinstance(message, PlayerMove | ZoneEntered | ZoneExited | MediaState | Pin | Show | Ping):
            self.outlet.write(
                frame(Error("moving", "this place moves to another machine; try again", tag_of(message)))
            )

    def err(self, error: Error, now: Callable[[], float]) -> None:
        """The client sent nonsense."""
        if self.way is not None and self._here:
            self.way.err(self, error)
        elif self._errors.take(now()):
            self.outlet.write(frame(error))
        else:
            self.close(Closing("too_many_errors", "too much of what you send makes no sense", None))
