"""A rolling upgrade out of an older build of ours that really runs, in both orders, under people who talk.

`ATRIUM_OLDER` names its tag or commit; without it, it is the last release.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.atrium_server import AtriumServer
from tests.support.fleet import (
    FIRST_TONE,
    NEXT_TONE,
    Fleet,
    hear_each_other,
    longest_gap,
    nobody_lost_media,
    now,
)
from tests.support.older import older_build
from tests.support.roamer import Roamer

pytestmark = pytest.mark.soak
LAST_LINES = 25
DOOR_Y, OUT_OF_HEARING = 560.0, (700.0, 560.0)


@pytest.fixture(scope="module")
def older(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return older_build(Path(tmp_path_factory.mktemp("older")))


@pytest.fixture
def fleet(older: Path, tmp_path: Path) -> Iterator[Fleet]:
    """Everything is of the older build."""
    fleet = Fleet(tmp_path, seats=3)
    try:
        for server in (*fleet.worlds, *fleet.workers.values()):
            server.build = older
        fleet.start()
        yield fleet
    finally:
        fleet.stop()


async def upgraded(name: str, server: AtriumServer, people: list[Roamer]) -> None:
    """Restart it as the present build while people talk; all of them are whole afterwards."""
    start = now()
    await asyncio.to_thread(server.stop)
    server.build = None
    await asyncio.to_thread(server.start)
    await hear_each_other(people)
    gap = max(longest_gap(person, start, now()) for person in people)
    print(f"{name} is of the present build: {now() - start:.1f} s in all, longest silence {gap:.2f} s")
    nobody_lost_media(people)


async def all_is_well(fleet: Fleet, people: list[Roamer]) -> None:
    """Steps change who hears whom, lines are read, and somebody new is heard, whoever serves them."""
    mover, others = people[0], people[1:]
    tone = round(mover.frequency / 10) * 10
    place = (mover.x, mover.y)
    await mover.walk((mover.x, DOOR_Y), OUT_OF_HEARING)
    async with asyncio.timeout(30):
        while any(tone in person.heard_tones() for person in others):
            await asyncio.sleep(0.05)
    await mover.walk((place[0], DOOR_Y), place)
    since = [len(person.messages) for person in people]
    await mover.send(type="chat", text="still here", scope="nearby")
    for person, index in zip(people, since, strict=True):
        await person.until("chat", since=index)
    newcomer = Roamer(*(world.url for world in fleet.worlds))
    try:
        await newcomer.sign_up()
        await newcomer.enter(mover.welcome["server"]["id"])
        async with asyncio.timeout(60):
            await newcomer.walk((465.0, DOOR_Y), (192.0, DOOR_Y), (192, 460))
        await newcomer.on_air(FIRST_TONE + NEXT_TONE * len(people))
        await hear_each_other([*people, newcomer])
    finally:
        await newcomer.close()
    nobody_lost_media(people)


@pytest.mark.parametrize("first", ["workers", "worlds"])
async def test_a_rolling_upgrade_out_of_an_older_build_loses_no_session(fleet: Fleet, first: str) -> None:
    workers = list(fleet.workers.items())
    worlds = [(f"world {number}", world) for number, world in enumerate(fleet.worlds, 1)]
    people = await fleet.enter(4)
    try:
        await hear_each_other(people)
        sessions = [person.welcome["you"]["session"] for person in people]
        for part in (workers, worlds) if first == "workers" else (worlds, workers):
            for name, server in part:
                await upgraded(name, server, people)
                await all_is_well(fleet, people)
        assert [person.welcome["you"]["session"] for person in people] == sessions
    except BaseException:
        for name, server in workers + worlds:
            print(f"\n{name} said last:", *server.lines[-LAST_LINES:], sep="\n  ")
        raise
    finally:
        await asyncio.gather(*(person.close() for person in people), return_exceptions=True)
