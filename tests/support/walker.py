"""A scripted client of the whole product: HTTP, WebSocket and media, without a browser.

What it receives is counted where its own DTLS transport hands over decrypted RTP, so nothing that the
server sends it stays unseen, whatever the page or the codecs would make of it.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import math
from collections.abc import Callable
from typing import Any

import aiohttp

from tests.support.media_client import MediaClient

STEP_SECONDS = 0.05
SPEED = 200.0  # px/s
PASSWORD = "correct horse battery"
_numbers = itertools.count(1)


class Walker:
    """Somebody with an account. `await sign_up`, `enter`, `start_media`, …; `close` at the end."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.http = aiohttp.ClientSession(
            url, headers={"Origin": url}, cookie_jar=aiohttp.CookieJar(unsafe=True)
        )
        self.username = f"walker{next(_numbers)}"
        self.messages: list[dict[str, Any]] = []
        self.welcome: dict[str, Any] = {}
        self.publish = MediaClient()
        self.subscribe = MediaClient()
        self.arrivals: list[float] = []  # loop time of every RTP packet that reached us
        self.x = self.y = 0.0
        self._seq = 0
        self._socket: aiohttp.ClientWebSocketResponse | None = None
        self._reader: asyncio.Task[None] | None = None
        self._news = asyncio.Event()

    # --- HTTP ------------------------------------------------------------------------------------

    async def call(self, method: str, path: str, body: object = None, expect: int | None = None) -> Any:
        """JSON in and out. Raises AssertionError on any other status than `expect` (None: 2xx)."""
        async with self.http.request(method, path, json=body) as answer:
            text = await answer.text()
            good = answer.status < 300 if expect is None else answer.status == expect
            assert good, f"{method} {path}: {answer.status} {text}"
            return json.loads(text) if text else None

    async def sign_up(self) -> Walker:
        await self.call("POST", "/api/auth/signup", {"username": self.username, "password": PASSWORD})
        return self

    async def create_server(self, map_name: str = "office") -> dict[str, Any]:
        created: dict[str, Any] = await self.call("POST", "/api/servers", {"name": "Home", "map": map_name})
        return created

    # --- WebSocket -------------------------------------------------------------------------------

    async def enter(self, server_id: str, join: bool = True, **fields: object) -> Walker:
        """Become a member where needed, connect, and wait for `welcome`."""
        if join:
            await self.call("POST", f"/api/servers/{server_id}/join", {})
        self._socket = await self.http.ws_connect(f"/ws/{server_id}")
        self._reader = asyncio.create_task(self._read(self._socket))
        await self.send(type="join", **fields)
        self.welcome = await self.until("welcome")
        self.x, self.y = self.welcome["you"]["x"], self.welcome["you"]["y"]
        return self

    async def send(self, **message: object) -> None:
        assert self._socket is not None
        await self._socket.send_str(json.dumps(message))

    async def send_raw(self, text: str) -> None:
        assert self._socket is not None
        await self._socket.send_str(text)

    async def _read(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        async for frame in socket:
            message = json.loads(frame.data)
            if message["type"] == "moved_back":
                self.x, self.y = message["x"], message["y"]
            self.messages.append(message | {"at": asyncio.get_running_loop().time()})
            self._news.set()

    async def until(
        self,
        kind: str,
        fits: Callable[[dict[str, Any]], bool] = lambda _: True,
        since: int = 0,
        seconds: float = 30,
    ) -> dict[str, Any]:
        """The first message of this type (from index `since` on) that fits."""
        async with asyncio.timeout(seconds):
            while True:
                for message in self.messages[since:]:
                    if message["type"] == kind and fits(message):
                        return message
                self._news.clear()
                await self._news.wait()

    @property
    def id(self) -> str:
        return str(self.welcome["you"]["user_id"])

    # --- walking ---------------------------------------------------------------------------------

    async def step(self, x: float, y: float) -> int:
        """Claim to be at (x, y). Returns the move's number."""
        self._seq += 1
        await self.send(type="player_move", x=x, y=y, direction="down", seq=self._seq)
        return self._seq

    async def walk(self, *places: tuple[float, float]) -> None:
        """Walk straight to one place after the other, as fast as a client may.

        Raises AssertionError when the world does not let us through.
        """
        since = len(self.messages)
        for x, y in places:
            while (distance := math.dist((self.x, self.y), (x, y))) > 0.01:
                part = min(1.0, SPEED * STEP_SECONDS / distance)
                self.x += (x - self.x) * part
                self.y += (y - self.y) * part
                await self.step(self.x, self.y)
                await asyncio.sleep(STEP_SECONDS)
                refused = [message for message in self.messages[since:] if message["type"] == "moved_back"]
                assert len(refused) < 5, f"no way to ({x}, {y}): {refused[-1]}"

    # --- media -----------------------------------------------------------------------------------

    async def start_media(self, frequency: float = 440.0, luma: int | None = None) -> None:
        """Publish a tone (and a picture), and open the pool of slots."""
        since = len(self.messages)
        await self.send(type="media_offer", sdp=await self.publish.offer_publish(frequency, luma), sources={})
        await self.publish.take_answer((await self.until("media_answer", since=since))["sdp"])
        offer = await self.until("media_offer", since=since)
        await self.send(type="media_answer", sdp=await self.subscribe.answer(offer["sdp"]))
        self._count_arrivals()
        await self.send(type="media_state", mic=True, camera=luma is not None)
        await asyncio.gather(self.publish.connected(), self.subscribe.connected())

    def _count_arrivals(self) -> None:
        transport: Any = self.subscribe.connection.getTransceivers()[0].receiver.transport
        handle = transport._handle_rtp_data

        async def counted(data: bytes, arrival_time_ms: int) -> None:
            self.arrivals.append(asyncio.get_running_loop().time())
            await handle(data, arrival_time_ms)

        transport._handle_rtp_data = counted

    def packets(self, start: float, end: float = math.inf) -> int:
        """RTP packets that arrived between these loop times."""
        return sum(start <= at < end for at in self.arrivals)

    async def hears(self, seconds: float = 30.0) -> None:
        """Wait until RTP arrives. Raises TimeoutError."""
        since = asyncio.get_running_loop().time()
        async with asyncio.timeout(seconds):
            while not self.packets(since):
                await asyncio.sleep(0.02)

    def heard_tones(self) -> set[int]:
        """The tones on all slots now, to the nearest 10 Hz."""
        now = asyncio.get_running_loop().time()
        return {
            round(stream.frequency / 10) * 10
            for stream in self.subscribe.received.values()
            if stream.kind == "audio" and now - stream.last_at < 0.2 and stream.frequency
        }

    async def hears_exactly(self, *tones: int, seconds: float = 30.0) -> None:
        """Wait until these tones are heard and no other one."""
        end = asyncio.get_running_loop().time() + seconds
        while (heard := self.heard_tones()) != set(tones):
            assert asyncio.get_running_loop().time() < end, f"{self.username} hears {heard}, not {tones}"
            await asyncio.sleep(0.02)

    async def hears_nothing(self, seconds: float = 30.0) -> None:
        """Wait until no RTP has arrived for half a second."""
        async with asyncio.timeout(seconds):
            while self.packets(asyncio.get_running_loop().time() - 0.5):
                await asyncio.sleep(0.02)

    async def close(self) -> None:
        if self._socket is not None:
            await self._socket.close()
        if self._reader is not None:
            await self._reader
        await self.publish.close()
        await self.subscribe.close()
        await self.http.close()
