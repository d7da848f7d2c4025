"""What two workers carry against one, with one room on both: `python -m tests.bench.workers [--listeners N]`.

A publisher sends sound and video, and all listeners take both. First one worker carries everybody; then the
publisher and half of the listeners are on one and the other half on another, joined by a pipe. What counts
is the CPU time of the worker processes per packet sent to a listener: each worker saturates a core of its
own, so two carry 2 × (cost on one / cost on two) of what one does. The listeners do not read.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import tempfile
import time
from contextlib import AsyncExitStack
from pathlib import Path

from signaling.codec import decode_reply, encode_control
from signaling.control import (
    AcceptPlay,
    AcceptPublish,
    Answer,
    ApplyRoutes,
    Command,
    GetQuality,
    Quality,
    Reply,
    Route,
    SetRoutes,
    worker_topic,
)
from signaling.redis_bus import RedisBus
from tests.support.atrium_server import AtriumServer
from tests.support.redis_server import RedisServer
from tests.support.scripted_client import AUDIO, OPUS_FRAME, VIDEO, VP8_KEYFRAME, ScriptedClient

ROOM = "bench:public"
TICK = 0.02
VIDEO_PER_TICK = 40  # 2,000 a second: so that what a process costs without packets does not count
VIDEO_PAYLOAD = VP8_KEYFRAME + bytes(1000)
SECONDS = 6.0
AT_ONCE = 16
TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")


class Room:
    """One room on these workers, the first of which has the publisher."""

    def __init__(self, bus: RedisBus, workers: dict[str, AtriumServer], name: str) -> None:
        self.bus = bus
        self.workers = workers
        self.name = name
        self.clients: list[ScriptedClient] = []
        self.epoch = int(time.time() * 1000) << 10

    async def ask(self, worker: str, command: Command) -> Reply:
        return decode_reply(await self.bus.request(worker_topic(worker), encode_control(command), 30.0))

    async def join(self, worker: str, session: str, publish: bool) -> ScriptedClient:
        client = ScriptedClient()
        self.clients.append(client)
        if publish:
            offer = client.offer("av", ssrcs=(1111, 2222))
            answer = await self.ask(worker, AcceptPublish(session, ROOM, "bench", offer, {}))
        else:
            answer = await self.ask(
                worker, AcceptPlay(session, ROOM, "bench", client.offer("av", "recvonly"))
            )
        assert isinstance(answer, Answer), answer
        await client.connect(answer.sdp)
        return client

    async def fill(self, listeners: int) -> ScriptedClient:
        home, *others = self.workers
        speaker = f"{self.name}-speaker"
        self.epoch += 1
        for worker in self.workers:
            where = "" if worker == home else home
            await self.tell(worker, SetRoutes(speaker, self.epoch, ROOM, (), where))

        async def listen(index: int) -> None:
            worker = [home, *others][index % len(self.workers)]
            session = f"{self.name}-{index}"
            await self.join(worker, session, publish=False)
            self.epoch += 1
            routes = (Route("audio", 0, speaker, "mic"), Route("video", 0, speaker, "camera"))
            await self.tell(worker, SetRoutes(session, self.epoch, ROOM, routes))

        # Nobody here sends checks afterwards: whoever came early must not be given up before it is over.
        for first in range(0, listeners, AT_ONCE):
            await asyncio.gather(*map(listen, range(first, min(first + AT_ONCE, listeners))))
        return await self.join(home, speaker, publish=True)

    async def tell(self, worker: str, change: SetRoutes) -> None:
        await self.bus.publish(worker_topic(worker), encode_control(ApplyRoutes((change,))))

    async def sent(self) -> int:
        total = 0
        for worker in self.workers:
            quality = await self.ask(worker, GetQuality())
            assert isinstance(quality, Quality)
            total += quality.sent
        return total

    def cpu(self) -> float:
        """Seconds that the worker processes have used."""
        return sum(_cpu_seconds(server.pid) for server in self.workers.values())

    def close(self) -> None:
        for client in self.clients:
            client.close()


def _cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS_PER_SECOND


async def speak(publisher: ScriptedClient, seconds: float) -> None:
    """Sound and video in real time."""
    loop = asyncio.get_running_loop()
    due = loop.time()
    end = due + seconds
    while due < end:
        publisher.send_rtp(1111, AUDIO, OPUS_FRAME)
        for _ in range(VIDEO_PER_TICK):
            publisher.send_rtp(2222, VIDEO, VIDEO_PAYLOAD)
        due += TICK
        await asyncio.sleep(max(0.0, due - loop.time()))


async def measure(count: int, listeners: int, plane: str) -> tuple[float, float]:
    """CPU µs per packet, and packets per second, of so many workers."""
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        redis = stack.enter_context(RedisServer())
        workers: dict[str, AtriumServer] = {}
        for index in range(count):
            name = f"w{index}"
            server = AtriumServer(
                folder / name, "worker", REDIS_URL=redis.url, ATRIUM_WORKER_NAME=name, ATRIUM_PLANE=plane
            )
            stack.callback(server.stop, False)
            await asyncio.to_thread(server.start)
            workers[name] = server
        bus = RedisBus(redis.url)
        stack.push_async_callback(bus.close)
        room = Room(bus, workers, f"r{count}")
        stack.callback(room.close)
        publisher = await room.fill(listeners)
        await speak(publisher, 2.0)
        sent, used, at = await room.sent(), room.cpu(), time.monotonic()
        await speak(publisher, SECONDS)
        sent, used, at = await room.sent() - sent, room.cpu() - used, time.monotonic() - at
        return used / sent * 1e6, sent / at


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--listeners", type=int, default=160)
    parser.add_argument("--plane", default="auto", choices=["auto", "native", "python"])
    given = parser.parse_args()
    one, rate_one = asyncio.run(measure(1, given.listeners, given.plane))
    print(f"one worker:  {one:.2f} µs of CPU per packet ({rate_one:,.0f} packets/s)", flush=True)
    two, rate_two = asyncio.run(measure(2, given.listeners, given.plane))
    print(f"two workers: {two:.2f} µs of CPU per packet ({rate_two:,.0f} packets/s), pipe included")
    print(f"two workers carry {2 * one / two:.2f} × of what one does")


if __name__ == "__main__":
    main()
