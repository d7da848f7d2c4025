"""Rooms as clients meet them: closed doors, and what an edit of the zones does to those inside."""

from __future__ import annotations

from dataclasses import replace

from signaling import messages as m
from tests.support.tiny_world import ROOM_1, SERVER, TinyWorld, until
from world.records import Seat


async def edit(tiny: TinyWorld, **values: object) -> None:
    """Change Room_1."""
    record = tiny.directory.records[SERVER]
    zones = tuple(replace(z, **values) if z.id == ROOM_1 else z for z in record.zones)  # type: ignore[arg-type]
    tiny.directory.records[SERVER] = replace(record, zones=zones)
    await tiny.world.zones_changed(SERVER)


async def test_a_walk_into_a_locked_or_full_room_is_taken_back_with_the_reason() -> None:
    async with TinyWorld() as tiny:
        await edit(tiny, locked=True)
        ann = await tiny.join("ann", at=(200, 430))
        for _ in range(5):
            seq = await ann.step(200, 380)
            back = await ann.expect(m.MovedBack)
            assert (back.x, back.y, back.seq) == (200, 430, seq)
        [error] = ann.told(m.Error)  # once a second, not once a step
        assert (error.code, error.ref) == ("room_locked", 1)
        assert "locked" in error.message

        await edit(tiny, locked=False, capacity=1)
        bob = await tiny.join("bob", at=(100, 430))
        await bob.step(100, 380)
        await bob.expect(m.ZoneChanged, lambda told: told.zone_id == ROOM_1)
        eve = await tiny.join("eve", at=(300, 430))
        await eve.step(300, 380)
        assert (await eve.expect(m.Error)).code == "room_full"

        # A lost connection holds its place for a moment only, and a reconnect is no second way in.
        await bob.leave()
        await until(lambda: "bob" not in tiny.world.people_in(SERVER, ROOM_1), "bob's seat")
        await eve.step(300, 381)
        await eve.expect(m.ZoneChanged, lambda told: told.zone_id == ROOM_1)
        bob = await tiny.join("bob", resume=bob.welcome.resume)
        assert bob.welcome.you.zone_id != ROOM_1


async def test_an_admin_whose_role_is_taken_stands_before_the_door_like_everybody() -> None:
    async with TinyWorld() as tiny:
        await edit(tiny, locked=True)
        tiny.seats["ann"] = Seat("ann", "Ann", "avatar-1", "walker", "admin")
        ann = await tiny.join("ann", at=(200, 430))
        await ann.step(200, 380)
        await ann.expect(m.ZoneChanged, lambda told: told.zone_id == ROOM_1)
        await ann.step(200, 430)
        await ann.expect(m.ZoneChanged, lambda told: told.zone_id != ROOM_1)
        await tiny.world.role_changed(SERVER, "ann", "member")
        await ann.step(200, 380)
        assert (await ann.expect(m.Error)).code == "room_locked"
