"""Our server for `world_sockets`: the world behind its gateway on an open map, in a process of its own.

    python -m tests.bench.sockets_world SIDE

Prints `{"port", "pid"}` once it listens and runs until its standard input ends. Users are called
`p<number>_<x>_<y>` and stand there first. Same event loop and collector as `atrium serve`.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys

from uvloop import new_event_loop

from signaling.messages import Bounds
from tests.bench.world_tick import OpenGround
from tests.support.tiny_world import FakeDirectory, TinyWorld
from world.records import Member, ServerRecord, Spawn, ZoneRecord
from world.running.collector import calm_collector

SERVER = "bench"


class Places(FakeDirectory):
    """Everybody was last where their name says."""

    async def member(self, server_id: str, user_id: str) -> Member | None:
        name, x, y = user_id.split("_")
        return Member(user_id, name, name, "avatar-1", "member", float(x), float(y))


async def serve(side: float) -> None:
    hall = ZoneRecord("hall", SERVER, "Hall", "PUBLIC", Bounds(0, 0, side, side), "meet-hall")
    spawn = Spawn("Spawn_main", side / 2, side / 2)
    record = ServerRecord(SERVER, "owner", "Bench", "tiny", "public", (hall,), (spawn,))
    async with TinyWorld(directory=Places({SERVER: record}), ground=OpenGround(side, side)) as tiny:
        port = int(tiny.url.split(":")[2].split("/")[0])
        print(json.dumps({"port": port, "pid": os.getpid()}), flush=True)
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    calm_collector()
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        runner.run(serve(float(sys.argv[1])))
