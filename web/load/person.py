"""One person of a load: a WebSocket like a browser's, steps like a walker's, and what comes back."""

from __future__ import annotations

import asyncio
import math
import random
import time
from collections.abc import Callable
from contextlib import suppress

import aiohttp
import msgspec

from signaling import messages
from signaling.codec import BadMessage, decode_server, encode
from web.load.accounts import Account, CannotLoad, Site
from web.load.tally import Tally

WELCOME_SECONDS = 30.0
STEP_SECONDS = 0.05  # as the browser reports (20 Hz)
PING_SECONDS = 1.0
# One direction is kept for so long, unless a wall is in the way.
LEG_SECONDS = (0.5, 3.0)
# Of the speed that the world allows.
PACE = 0.8

MediaMessage = (
    messages.SubscribeOffer
    | messages.PublishAnswer
    | messages.MediaMoving
    | messages.MediaMoved
    | messages.Error
)


class Person:
    """`enter`, then `walk` in a task of its own, then `leave`. `on_media` gets what concerns its media."""

    def __init__(self, account: Account, tally: Tally, seed: int) -> None:
        self.account = account
        self._tally = tally
        self._random = random.Random(seed)
        self._socket: aiohttp.ClientWebSocketResponse | None = None
        self._reader: asyncio.Task[None] | None = None
        self._welcome: asyncio.Future[messages.Welcome] = asyncio.get_running_loop().create_future()
        self._x = self._y = 0.0
        self._speed = 0.0
        self._seq = 0
        self._heading = self._random.uniform(0, 2 * math.pi)
        self._turn_at = 0.0
        self._leaving = False
        self.on_media: Callable[[MediaMessage], None] = lambda message: None

    @property
    def here(self) -> bool:
        """Whether the connection stands."""
        return self._socket is not None and not self._socket.closed

    async def enter(self, site: Site, server_id: str) -> None:
        """Become a member, connect, and wait for `welcome`. Raises CannotLoad."""
        await site.call("POST", f"/api/servers/{server_id}/join", self.account.cookie, {})
        try:
            self._socket = await site.session.ws_connect(
                f"{site.origin}/ws/{server_id}",
                headers={"Cookie": self.account.cookie, "Origin": site.origin},
                max_msg_size=messages.MAX_FRAME_BYTES * 4,
            )
            self._reader = asyncio.create_task(self._read(self._socket))
            await self.say(messages.Join())
            async with asyncio.timeout(WELCOME_SECONDS):
                welcome = await self._welcome
        except (aiohttp.ClientError, TimeoutError, ConnectionError) as error:
            raise CannotLoad(f"{self.account.username} cannot enter: {error or 'no welcome'}") from None
        self._x, self._y, self._speed = welcome.you.x, welcome.you.y, welcome.speed * PACE

    async def say(self, message: messages.ClientMessage) -> None:
        """Send one message. Raises ConnectionError when the connection is gone."""
        if self._socket is None or self._socket.closed:
            raise ConnectionError("the connection is gone")
        await self._socket.send_str(encode(message).decode())

    async def walk(self) -> None:
        """Walk about and ping until the connection ends or this is cancelled."""
        loop = asyncio.get_running_loop()
        due = loop.time() + self._random.uniform(0, STEP_SECONDS)
        ping_at = due + self._random.uniform(0, PING_SECONDS)
        with suppress(ConnectionError):
            while True:
                await asyncio.sleep(due - loop.time())
                now = loop.time()
                self._tally.was_late(now - due)
                await self._step(now)
                if now >= ping_at:
                    ping_at += PING_SECONDS
                    # Not the loop's own clock: that may stand still for a millisecond.
                    await self.say(messages.Ping(time.perf_counter() * 1000))
                # What was missed is not made up for: that would be a jump.
                due = max(due + STEP_SECONDS, now)

    async def _step(self, now: float) -> None:
        if now >= self._turn_at:
            self._turn_at = now + self._random.uniform(*LEG_SECONDS)
            self._heading = self._random.uniform(0, 2 * math.pi)
        far = self._speed * STEP_SECONDS
        self._x += far * math.cos(self._heading)
        self._y += far * math.sin(self._heading)
        self._seq += 1
        await self.say(messages.PlayerMove(self._x, self._y, _direction(self._heading), self._seq))
        self._tally.moves += 1

    async def leave(self) -> None:
        """Close the connection."""
        self._leaving = True
        if self._socket is not None:
            with suppress(aiohttp.ClientError, ConnectionError, TimeoutError):
                await self._socket.close()
        if self._reader is not None:
            self._reader.cancel()
            await asyncio.gather(self._reader, return_exceptions=True)

    # --- what comes ------------------------------------------------------------------------------

    async def _read(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        async for frame in socket:
            if frame.type is aiohttp.WSMsgType.TEXT:
                with suppress(msgspec.MsgspecError, BadMessage):  # of a newer release: not ours to judge
                    self._take(decode_server(frame.data))
        if not self._leaving:
            self._tally.gone += 1
        if not self._welcome.done():
            self._welcome.set_exception(ConnectionError(f"closed with {socket.close_code}"))

    def _take(self, message: messages.AnyServerMessage) -> None:
        match message:
            case messages.Players(moved=moved):
                self._tally.positions += len(moved)
            case messages.Pong(at=at):
                self._tally.pinged(time.perf_counter() - at / 1000)
            case messages.MovedBack(x=x, y=y):
                self._tally.refused += 1
                self._x, self._y = x, y
                self._heading = self._random.uniform(0, 2 * math.pi)
            case messages.Welcome():
                if not self._welcome.done():
                    self._welcome.set_result(message)
            case (
                messages.SubscribeOffer()
                | messages.PublishAnswer()
                | messages.MediaMoving()
                | messages.MediaMoved()
                | messages.Error(code="media_lost")
            ):
                self.on_media(message)
            case messages.Error(code=code, ref="media_offer" | "media_answer"):
                self._tally.error(code)
                self.on_media(message)
            case messages.Error(code=code):
                self._tally.error(code)
                if not self._welcome.done():
                    self._welcome.set_exception(ConnectionError(f"{code}: {message.message}"))
            case _:
                pass


def _direction(heading: float) -> messages.Direction:
    x, y = math.cos(heading), math.sin(heading)
    if abs(x) > abs(y):
        return "right" if x > 0 else "left"
    return "down" if y > 0 else "up"
