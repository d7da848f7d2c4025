"""Somebody who runs in and out of a room's door ten times a second carries nothing through it."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack

import pytest

from tests.support.atrium_server import AtriumServer
from tests.support.lag import watched_lag
from tests.support.walker import Walker

CROSSINGS = 40
# One tick of the world and the way to the client, but for what a process (this one, and the server's
# likewise) is late.
ONE_TICK = 0.1


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AtriumServer]:
    with AtriumServer(tmp_path_factory.mktemp("atrium")) as running:
        yield running


@pytest.fixture
async def stack() -> AsyncIterator[AsyncExitStack]:
    async with AsyncExitStack() as exits:
        yield exits


def stays(witness: Walker, who: str, since: int) -> list[tuple[str | None, float, float]]:
    """(zone, from, to) of somebody, as the witness was told."""
    told = [
        (m["zone_id"], m["at"])
        for m in witness.messages[since:]
        if m["type"] == "zone_changed" and m["user_id"] == who
    ]
    ends = [at for _, at in told[1:]] + [math.inf]
    return [(zone, at, end) for (zone, at), end in zip(told, ends, strict=True)]


async def test_ten_crossings_a_second_leak_nothing_in_either_direction(
    server: AtriumServer, stack: AsyncExitStack
) -> None:
    people = []
    for _ in range(3):
        walker = Walker(server.url)
        stack.push_async_callback(walker.close)
        people.append(await walker.sign_up())
    ada, hall, inside = people
    home = await ada.create_server()
    room = next(zone for zone in home["zones"] if zone["name"] == "Room_1")
    edge = room["bounds"]["y"] + room["bounds"]["height"]
    for walker in people:
        await walker.enter(home["id"])
    await asyncio.gather(ada.start_media(440), hall.start_media(700), inside.start_media(1000))
    lane = ((465.0, 560.0), (192.0, 560.0))
    await inside.walk(*lane, (192.0, 300.0), (192.0, 216.0), (300.0, 184.0))
    await asyncio.gather(ada.walk(*lane, (192.0, edge + 4)), hall.walk(*lane, (192.0, 340.0)))
    await asyncio.gather(ada.hears(), hall.hears())

    since, since_inside = len(hall.messages), len(inside.messages)
    async with watched_lag() as lag:
        for crossing in range(CROSSINGS):
            await ada.step(192.0, edge + (4 if crossing % 2 else -4))
            await asyncio.sleep(0.1)
            async with asyncio.timeout(30):  # two crossings in one tick would be none
                while (
                    min(len(stays(hall, ada.id, since)), len(stays(inside, ada.id, since_inside))) <= crossing
                ):
                    await asyncio.sleep(0.01)
        await asyncio.sleep(1.0 + 2 * lag.longest)
    late = ONE_TICK + 2 * lag.longest

    # Each of the two others is alone whenever Ada is on the other side.
    of_hall, of_inside = stays(hall, ada.id, since), stays(inside, ada.id, since_inside)
    assert len(of_hall) == len(of_inside) == CROSSINGS
    alone_in_hall = [(at, end) for zone, at, end in of_hall if zone == room["id"]]
    alone_inside = [(at, end) for zone, at, end in of_inside if zone != room["id"]]
    assert len(alone_in_hall) == len(alone_inside) == CROSSINGS // 2
    assert sum(hall.packets(at + late, end) for at, end in alone_in_hall) == 0
    assert sum(inside.packets(at + late, end) for at, end in alone_inside) == 0
    # She ended outside: the Hall hears her again, and nobody was cut off for running.
    await asyncio.gather(ada.hears(), hall.hears())
