"""A walker that behaves like the page: media that is lost or asked to move comes back by itself.

Connections to a node that goes away are made anew at the next one, with the resume token.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

from tests.support.media_client import MediaClient
from tests.support.walker import Walker

RETRY_SECONDS = 0.3  # as in the browser's client


class Roamer(Walker):
    """`await on_air(frequency)` once it has entered; `nodes` are where it may connect."""

    def __init__(self, *nodes: str) -> None:
        super().__init__(nodes[0])
        self.nodes = nodes
        self.frequency = 0.0
        self.moves = 0
        self.losses = 0
        self.returns = 0
        self._follow: asyncio.Task[None] | None = None
        self._doing: asyncio.Task[None] | None = None

    async def on_air(self, frequency: float) -> None:
        """Publish a tone from now on, whatever happens."""
        self.frequency = frequency
        await self.start_media(frequency)
        self._follow = asyncio.create_task(self._react(len(self.messages)))

    async def close(self) -> None:
        for task in (self._follow, self._doing):
            if task is not None:
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError, Exception):
                    await task
        await super().close()

    async def _react(self, seen: int) -> None:
        while True:
            for message in self.messages[seen:]:
                seen += 1
                kind = message["type"]
                if kind == "media_moving":
                    self._do(self._move(seen))
                elif kind == "error" and message["code"] == "media_lost":
                    self.losses += 1
                    self._do(self._begin_anew())
                elif kind == "closing" and message["retry_ms"] is not None:
                    self._do(self._come_back(message["retry_ms"] / 1000))
            self._news.clear()
            if seen == len(self.messages):
                await self._news.wait()

    def _do(self, work: Any) -> None:
        if self._doing is not None:
            self._doing.cancel()
        self._doing = asyncio.create_task(work)

    async def _begin_anew(self) -> None:
        old = self.publish, self.subscribe
        for client in old:
            await client.close()
        while True:
            await asyncio.sleep(RETRY_SECONDS)
            self.publish, self.subscribe = MediaClient(), MediaClient()
            try:
                async with asyncio.timeout(15):
                    await self.start_media(self.frequency)
                return
            except (TimeoutError, AssertionError):
                await self.publish.close()
                await self.subscribe.close()

    async def _move(self, since: int) -> None:
        """A second pair of connections; the first one ends when the world has changed over."""
        publish, subscribe = MediaClient(), MediaClient()
        try:
            offer = await publish.offer_publish(self.frequency, None)
            await self.send(type="media_offer", sdp=offer, sources={})
            await publish.take_answer((await self.until("media_answer", since=since))["sdp"])
            there = await self.until("media_offer", since=since)
            await self.send(type="media_answer", sdp=await subscribe.answer(there["sdp"]))
            await asyncio.gather(publish.connected(), subscribe.connected())
            moved = await self.until("media_moved", since=since)
            await self.until("slots", lambda m: m["at"] >= moved["at"], since=since)
        except (TimeoutError, asyncio.CancelledError):
            await publish.close()
            await subscribe.close()
            raise
        old = self.publish, self.subscribe
        self.publish, self.subscribe = publish, subscribe
        self._count_arrivals()
        self.moves += 1
        for client in old:
            await client.close()

    async def _come_back(self, wait: float) -> None:
        """The node restarts: to the next one, as the same session."""
        await asyncio.sleep(wait)
        server_id = self.welcome["server"]["id"]
        for attempt in range(40):
            node = self.nodes[(attempt + 1) % len(self.nodes)]
            since = len(self.messages)
            try:
                self._socket = await self.http.ws_connect(f"{node}/ws/{server_id}", headers={"Origin": node})
                self._reader = asyncio.create_task(self._read(self._socket))
                await self.send(type="join", resume=self.welcome["resume"])
                self.welcome = await self.until("welcome", since=since)
            except (OSError, TimeoutError, Exception):
                await asyncio.sleep(0.3)
                continue
            self.returns += 1
            await self.send(type="media_state", mic=True, camera=False)
            if not self._link_lives():
                await self._begin_anew()
            return

    def _link_lives(self) -> bool:
        return self.subscribe.connection.connectionState == "connected"
