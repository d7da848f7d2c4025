"""A UDP path between clients and a server, with a capacity and a queue towards the clients, and loss: seeded.

Clients are given its address instead of the server's. What they send goes on at once; what comes back passes
the bottleneck, first in, first out.
"""

from __future__ import annotations

import asyncio
import random
import re
from collections import deque
from typing import Any

from sfu.forward.contract import Address

STEP = 0.002


class ShapedPath:
    """`capacity` is bit/s (0: unlimited), `loss` 0..1 of the media towards the clients, `loss_up` of theirs,
    `queue` bytes, `delay` s each way; they may be changed at any time. `longest` is how long (s) a packet
    waited for the capacity at most."""

    def __init__(self, server: Address, seed: int = 1) -> None:
        self.server = server
        self.capacity = 0.0
        self.loss = self.loss_up = self.delay = 0.0
        self.queue = 60_000
        self.lost = self.passed = 0
        self.longest = 0.0
        self._random = random.Random(seed)
        # When each leaves the bottleneck. A machine that wakes us late delays packets, and takes no capacity.
        self._waiting: deque[tuple[float, bytes, Address]] = deque()
        self._free_at = 0.0
        self._front: asyncio.DatagramTransport | None = None
        self._backs: dict[Address, asyncio.DatagramTransport] = {}
        self._opening: set[Address] = set()
        self._gone: set[Address] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self, at: Address = ("127.0.0.1", 0)) -> Address:
        """Where clients are to send."""
        loop = asyncio.get_running_loop()
        self._front, _ = await loop.create_datagram_endpoint(lambda: _End(self.from_client), local_addr=at)
        self._run(self._drain())
        address: Address = self._front.get_extra_info("sockname")
        return address

    def lead(self, sdp: str) -> str:
        """The server's SDP for a client that is to come this way, and by no other."""
        assert self._front is not None
        host, port = self._front.get_extra_info("sockname")
        sdp = re.sub(r"(?m)^a=candidate.* tcp .*\r\n", "", sdp)
        return re.sub(r" udp (\d+) \S+ \d+ typ", rf" udp \1 {host} {port} typ", sdp)

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for transport in (self._front, *self._backs.values()):
            if transport is not None:
                transport.close()
        await asyncio.sleep(0)

    def cut(self) -> None:
        """The clients' network is gone: nothing passes to or from the addresses that they have."""
        self._gone.update(self._backs)

    def from_client(self, data: bytes, client: Address) -> None:
        if client in self._gone:
            return
        back = self._backs.get(client)
        if back is not None:
            if _media(data) and self._random.random() < self.loss_up:
                self.lost += 1
            elif self.delay:
                asyncio.get_running_loop().call_later(self.delay, self._send_back, back, data)
            else:
                back.sendto(data)
        elif client not in self._opening:  # its first check is repeated anyway
            self._opening.add(client)
            self._run(self._open(client))

    def _send_back(self, back: asyncio.DatagramTransport, data: bytes) -> None:
        if not back.is_closing():
            back.sendto(data)

    def _run(self, work: Any) -> None:
        self._tasks.add(asyncio.get_running_loop().create_task(work))

    async def _open(self, client: Address) -> None:
        self._backs[client], _ = await asyncio.get_running_loop().create_datagram_endpoint(
            lambda: _End(lambda data, _: self.from_server(data, client)), remote_addr=self.server
        )

    def from_server(self, data: bytes, client: Address) -> None:
        if client in self._gone:
            return
        now = asyncio.get_running_loop().time()
        begins = max(now, self._free_at)
        if (_media(data) and self._random.random() < self.loss) or (
            self.capacity and (begins - now) * self.capacity / 8 + len(data) > self.queue
        ):
            self.lost += 1
            return
        self.longest = max(self.longest, begins - now)
        if self.capacity:
            self._free_at = begins + len(data) * 8 / self.capacity
        self._waiting.append(((self._free_at if self.capacity else now) + self.delay, data, client))
        self._pass(now)

    def _pass(self, now: float) -> None:
        """Send what has left the bottleneck by now."""
        while self._waiting and self._waiting[0][0] <= now:
            _, data, client = self._waiting.popleft()
            self.passed += 1
            if self._front is not None:
                self._front.sendto(data, client)

    async def _drain(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(STEP)
            self._pass(loop.time())


def _media(data: bytes) -> bool:
    """Whether it is RTP or RTCP (RFC 7983): the rest would only make connecting a matter of luck."""
    return bool(data) and 128 <= data[0] <= 191


class _End(asyncio.DatagramProtocol):
    def __init__(self, take: Any) -> None:
        self._take = take

    def datagram_received(self, data: bytes, addr: Any) -> None:
        self._take(data, addr[:2])
