"""How often the last position is written: counted at both databases' cursors while people walk for minutes.

The world, its housekeeping and the sockets are the real ones; the event loop's clock is ahead of the real one
by as much as the test says, so that minutes of a walk pass in a second.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from signaling import messages as m
from tests.support.api import STUDIO
from tests.support.databases import BACKENDS, empty_database, quick_passwords
from tests.support.tiny_world import Avatar, TinyWorld, until
from world.running.saving import EVERY_SECONDS
from world.storage.database import Database
from world.storage.migrate import upgrade
from world.storage.servers import ServerStore
from world.storage.users import UserStore

STEP_SECONDS = 0.1
STEP_PX = 15.0  # 150 px/s
# Steps one way. Ten seconds later nobody is where they were.
TURN = 33
MINUTES = 2
# Housekeeping looks once a second: a position that is due waits for it at most so long, and a step.
LOOK_SECONDS = 1.2


@dataclass
class Cursors:
    """What was executed: (loop time, statement, parameters), but for the beginnings of transactions."""

    executed: list[tuple[float, str, str]] = field(default_factory=list)

    def watch(self, database: Database) -> None:
        event.listen(database.engine.sync_engine, "before_cursor_execute", self._take)

    def _take(self, _connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        if not statement.startswith("BEGIN"):
            now = asyncio.get_running_loop().time()
            self.executed.append((now, " ".join(statement.split()), repr(parameters).replace("-", "")))

    def of(self, user_id: str) -> list[float]:
        """When something of this person was written (SQLite keeps ids without dashes)."""
        key = user_id.replace("-", "")
        return [at for at, _, parameters in self.executed if key in parameters]

    @property
    def kinds(self) -> set[str]:
        """The statements without their values."""
        return {statement.partition(" SET ")[0] for _, statement, _ in self.executed}


class Walk:
    """A world on a real database, people in it, and the clock."""

    def __init__(self, tiny: TinyWorld, store: ServerStore, server_id: str, people: list[str]) -> None:
        self.tiny, self.store, self.server_id, self.people = tiny, store, server_id, people
        self.cursors = Cursors()
        self.ahead = 0.0
        loop = asyncio.get_running_loop()
        real = loop.time
        loop.time = lambda: real() + self.ahead  # type: ignore[method-assign]

    async def join(self, user_id: str) -> Avatar:
        avatar = await self.tiny.connect(user_id, self.server_id)
        await avatar.send(m.Join())
        avatar.welcome = await avatar.expect(m.Welcome)
        avatar.x, avatar.y = avatar.welcome.you.x, avatar.welcome.you.y
        return avatar

    async def to_and_fro(self, seconds: float, *walkers: Avatar) -> None:
        """They walk; each step is in the world, and what is due is written, before the clock goes on."""
        live = self.tiny.world.spaces.get(self.server_id)
        assert live is not None
        for number in range(round(seconds / STEP_SECONDS)):
            self.ahead += STEP_SECONDS
            for walker in walkers:
                await walker.step(walker.x + (STEP_PX if number // TURN % 2 == 0 else -STEP_PX), walker.y)
            async with asyncio.timeout(30):
                for walker in walkers:
                    player = live.space.players[walker.user_id]
                    while (player.x, player.y) != (walker.x, walker.y):
                        await asyncio.sleep(0)
            await self.written()

    async def stand(self, seconds: float) -> None:
        """Nobody moves."""
        for _ in range(round(seconds / STEP_SECONDS)):
            self.ahead += STEP_SECONDS
            await asyncio.sleep(0)
            await self.written()

    async def written(self) -> None:
        """Until nothing waits to be written."""
        waiting = self.tiny.world._saver._waiting
        while waiting:
            await asyncio.sleep(0.001)

    async def place(self, user_id: str) -> tuple[float | None, float | None]:
        """The last position in the database."""
        member = await self.store.member(self.server_id, user_id)
        assert member is not None
        return member.x, member.y


@pytest.fixture(params=BACKENDS)
async def walk(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Walk]:
    async with empty_database(request.param, tmp_path) as database:
        await upgrade(database)
        passwords = quick_passwords()
        users, store = UserStore(database, passwords), ServerStore(database)
        people = [(await users.create(name, "correct horse")).id for name in ("ann", "bob", "cleo")]
        passwords.close()
        server = await store.create(people[0], "Guild", STUDIO, "public")
        for user_id in people[1:]:
            await store.join(server.id, user_id)
        directory: Any = store
        async with TinyWorld(directory=directory, grace=0.0, empty=1e6) as tiny:
            walk = Walk(tiny, store, server.id, people)
            walk.cursors.watch(database)
            yield walk


async def test_a_walk_of_minutes_writes_a_place_every_ten_seconds_and_once_on_leaving(walk: Walk) -> None:
    ann, bob, cleo = [await walk.join(user_id) for user_id in walk.people]
    await walk.stand(2.0)
    walk.cursors.executed.clear()
    await walk.to_and_fro(MINUTES * 60, ann, bob)
    for walker in (ann, bob):
        times = walk.cursors.of(walker.user_id)
        gaps = [later - sooner for sooner, later in pairwise(times)]
        assert min(gaps) > EVERY_SECONDS - 0.5
        assert max(gaps) < EVERY_SECONDS + LOOK_SECONDS + 0.5
        most = MINUTES * 60 / EVERY_SECONDS
        assert most - 2 <= len(times) <= most
    assert walk.cursors.of(cleo.user_id) == [], "somebody who stands is written"
    assert walk.cursors.kinds == {"UPDATE memberships"}, "a walk asks the database something"

    await walk.to_and_fro(0.5, ann)
    walk.cursors.executed.clear()
    await ann.leave()
    await until(lambda: walk.cursors.of(ann.user_id) != [])
    await walk.written()
    assert len(walk.cursors.executed) == 1
    assert await walk.place(ann.user_id) == (ann.x, ann.y)


async def test_nobody_is_written_who_stands_still_for_minutes(walk: Walk) -> None:
    ann = await walk.join(walk.people[0])
    await walk.to_and_fro(15, ann)
    await walk.stand(EVERY_SECONDS + LOOK_SECONDS)
    assert await walk.place(ann.user_id) == (ann.x, ann.y)
    walk.cursors.executed.clear()
    await walk.stand(MINUTES * 60)
    assert walk.cursors.executed == []


async def test_a_world_that_stops_writes_each_place_once(walk: Walk) -> None:
    ann, bob = [await walk.join(user_id) for user_id in walk.people[:2]]
    await walk.to_and_fro(3, ann, bob)
    walk.cursors.executed.clear()
    await walk.tiny.world.close()
    assert [len(walk.cursors.of(avatar.user_id)) for avatar in (ann, bob)] == [1, 1]
    for avatar in (ann, bob):
        assert await walk.place(avatar.user_id) == (avatar.x, avatar.y)
