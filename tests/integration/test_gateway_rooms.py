"""Rooms as clients meet them: closed doors, and what an edit of the zones does to those inside."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import aiohttp
import pytest

from signaling import messages as m
from tests.support.tiny_world import ROOM_1, ROOM_2, SERVER, Avatar, TinyWorld, until
from world.clients import gateway
from world.records import Member, Seat, ServerRecord


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


async def guest_of(tiny: TinyWorld, room: str, user: str = "gus") -> Avatar:
    tiny.seats[user] = Seat(user, user.title(), "avatar-1", "guest", "guest", room)
    return await tiny.join(user)


async def test_a_guest_moves_with_their_room_and_leaves_with_it() -> None:
    async with TinyWorld() as tiny:
        gus = await guest_of(tiny, ROOM_1)
        # Where Room_1 was there is public space now, and Room_1 lies elsewhere.
        await edit(tiny, bounds=m.Bounds(1200, 1000, 300, 300))
        live = await tiny.world.spaces.load(SERVER)
        assert live is not None
        player = live.space.players["gus"]
        assert player.room == ROOM_1
        assert 1200 <= player.x < 1500
        assert 1000 <= player.y < 1300
        # A smaller room that covers the whole of it leaves no place in it.
        record = tiny.directory.records[SERVER]
        cover = replace(record.zones[1], bounds=m.Bounds(1200, 1000, 299.5, 300))
        tiny.directory.records[SERVER] = replace(record, zones=(record.zones[0], cover, record.zones[2]))
        await tiny.world.zones_changed(SERVER)
        assert (await gus.ended()).code == "room_closed"


async def test_a_device_ends_with_its_zone() -> None:
    async with TinyWorld() as tiny:
        ann = await tiny.join("ann")
        seat = Seat("ann", "Ann", "avatar-1", "device", "member", ROOM_1)
        opened = await tiny.world.open_device(seat, SERVER, "v=0 offer", "publish")
        record = tiny.directory.records[SERVER]
        tiny.directory.records[SERVER] = replace(record, zones=record.zones[1:])
        await tiny.world.zones_changed(SERVER)
        live = await tiny.world.spaces.load(SERVER)
        assert live is not None
        assert set(live.space.players) == {"ann"}
        assert not await tiny.world.close_device(opened.resource, "ann")
        await ann.sync()


async def test_a_guest_hears_and_says_nothing_server_wide() -> None:
    async with TinyWorld() as tiny:
        ann, bob = await tiny.join("ann"), await tiny.join("bob")
        gus = await guest_of(tiny, ROOM_1)
        await ann.send(m.Chat("for members", "server"))
        await bob.expect(m.ChatMessage)
        await gus.send(m.Chat("for everybody?", "server"))
        assert (await gus.expect(m.Error)).code == "not_allowed"
        await gus.send(m.Chat("to the room"))
        assert (await gus.expect(m.ChatMessage)).text == "to the room"
        await bob.sync()
        assert bob.told(m.ChatMessage) == []


async def test_a_removed_guest_does_not_come_back_with_the_same_ticket() -> None:
    async with TinyWorld() as tiny:
        gus = await guest_of(tiny, ROOM_1)
        assert not await tiny.world.remove_guest(SERVER, "nobody")
        assert await tiny.world.remove_guest(SERVER, "gus")
        assert (await gus.ended()).code == "removed"
        again = await tiny.connect("gus")
        await again.send(m.Join())
        assert (await again.ended()).code == "removed"


async def test_a_guest_who_has_become_a_member_walks() -> None:
    async with TinyWorld() as tiny:
        gus = await guest_of(tiny, ROOM_1)
        del tiny.seats["gus"]
        member = await tiny.join("gus")
        assert (await gus.ended()).code == "replaced"
        assert member.welcome.you.presence == "walker"


async def test_who_is_removed_while_they_arrive_gets_no_seat() -> None:
    async with TinyWorld() as tiny:
        arrived, go_on = asyncio.Event(), asyncio.Event()
        member = tiny.directory.member

        async def slow(server_id: str, user_id: str) -> Member | None:
            found = await member(server_id, user_id)
            arrived.set()
            await go_on.wait()
            return found

        tiny.directory.member = slow  # type: ignore[method-assign]
        ann = await tiny.connect("ann")
        await ann.send(m.Join())
        await arrived.wait()
        await tiny.world.remove_user(SERVER, "ann", "removed", "You were removed.")
        go_on.set()
        assert (await ann.ended()).code == "removed"
        assert tiny.world.online(SERVER) == 0


async def test_storage_that_does_not_answer_asks_to_come_back() -> None:
    async with TinyWorld() as tiny:

        async def away(server_id: str, user_id: str) -> Member | None:
            raise OSError("the database is away")

        tiny.directory.member = away  # type: ignore[method-assign]
        ann = await tiny.connect("ann")
        await ann.send(m.Join())
        closing = await ann.ended()
        assert closing.code == "unavailable"
        assert closing.retry_ms is not None
        assert closing.retry_ms > 0


async def test_half_open_sockets_of_one_address_keep_no_other_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gateway, "MAX_UNJOINED_PER_ADDRESS", 2)
    async with TinyWorld() as tiny:
        waiting = [await tiny.connect("eve") for _ in range(2)]
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await tiny.connect("eve")
        assert refused.value.status == 503
        await tiny.connect("ann", **{"X-From": "elsewhere"})
        await waiting[0].send(m.Join())
        await waiting[0].expect(m.Welcome)
        # One has joined: it waits no more.
        await tiny.connect("bob")


async def test_of_two_edits_at_once_the_later_one_stands() -> None:
    async with TinyWorld() as tiny:
        await tiny.join("ann")
        server, first_read, go_on = tiny.directory.server, asyncio.Event(), asyncio.Event()

        async def slow_once(server_id: str) -> ServerRecord | None:
            found = await server(server_id)
            if not first_read.is_set():
                first_read.set()
                await go_on.wait()
            return found

        tiny.directory.server = slow_once  # type: ignore[method-assign]
        earlier = asyncio.create_task(edit(tiny, locked=False))
        await first_read.wait()
        await edit(tiny, locked=True)
        go_on.set()
        await earlier
        live = await tiny.world.spaces.load(SERVER)
        assert live is not None
        assert live.space.zones.zones[ROOM_1].locked


async def test_an_edit_while_the_world_is_being_loaded_is_not_lost() -> None:
    async with TinyWorld() as tiny:
        server, read, go_on = tiny.directory.server, asyncio.Event(), asyncio.Event()

        async def slow_once(server_id: str) -> ServerRecord | None:
            found = await server(server_id)
            if not read.is_set():
                read.set()
                await go_on.wait()
            return found

        tiny.directory.server = slow_once  # type: ignore[method-assign]
        loading = asyncio.create_task(tiny.world.spaces.load(SERVER))
        await read.wait()
        locking = asyncio.create_task(edit(tiny, locked=True))
        await asyncio.sleep(0)
        go_on.set()
        await locking
        live = await loading
        assert live is not None
        assert live.space.zones.zones[ROOM_1].locked


async def test_who_knocks_at_a_locked_room_is_let_in_by_somebody_inside() -> None:
    async with TinyWorld() as tiny:
        ann, eve = await tiny.join("ann", at=(200, 380)), await tiny.join("eve", at=(200, 430))
        await edit(tiny, locked=True)
        await eve.send(m.Knock(ROOM_1))
        assert await ann.expect(m.Knocked) == m.Knocked("eve", eve.welcome.you.name)
        await eve.send(m.LetIn("eve"))
        assert (await eve.expect(m.Error)).code == "nobody_knocks", "nobody opens from outside"
        await ann.send(m.LetIn("eve"))
        assert await eve.expect(m.DoorOpened) == m.DoorOpened(ROOM_1, ann.welcome.you.name)
        await eve.step(200, 390)
        await eve.expect(m.ZoneChanged, lambda told: told.zone_id == ROOM_1)
        await ann.send(m.LetIn("nobody"))
        assert (await ann.expect(m.Error)).code == "nobody_knocks"


async def test_a_knock_where_nobody_can_open_says_why() -> None:
    async with TinyWorld() as tiny:
        eve = await tiny.join("eve", at=(200, 430))
        await edit(tiny, locked=True)
        await eve.send(m.Knock(ROOM_1))
        assert (await eve.expect(m.Error)).code == "nobody_inside"
        await eve.send(m.Knock("zone-hall"))
        assert (await eve.expect(m.Error)).code == "zone_unknown"
        for _ in range(60):
            await eve.send(m.Knock(ROOM_1))
        assert (await eve.expect(m.Error, lambda error: error.code == "rate_limited")).ref == "knock"


async def test_a_door_that_stays_shut_is_not_hammered_at() -> None:
    async with TinyWorld() as tiny:
        ann, eve = await tiny.join("ann", at=(200, 380)), await tiny.join("eve", at=(200, 430))
        await edit(tiny, locked=True)
        for _ in range(3):
            await eve.send(m.Knock(ROOM_1))
        await ann.expect(m.Knocked)
        assert (await eve.expect(m.Error)).code == "rate_limited"
        await eve.sync()
        await ann.sync()
        assert not ann.told(m.Knocked), "told once"


async def test_a_guest_knocks_nowhere_and_a_door_opens_to_nobody_who_left() -> None:
    async with TinyWorld() as tiny:
        ann, eve = await tiny.join("ann", at=(200, 380)), await tiny.join("eve", at=(200, 430))
        gus = await guest_of(tiny, ROOM_1)
        await edit(tiny, locked=True)
        await gus.send(m.Knock(ROOM_2))
        assert (await gus.expect(m.Error)).code == "zone_unknown"
        await eve.send(m.Knock(ROOM_1))
        await ann.expect(m.Knocked)
        await eve.leave()
        live = await tiny.world.spaces.load(SERVER)
        assert live is not None
        await until(lambda: "eve" not in live.space.players, "eve is gone")
        eve = await tiny.join("eve", at=(200, 430))
        await ann.send(m.LetIn("eve"))
        assert (await ann.expect(m.Error)).code == "nobody_knocks", "another seat, another knock"
        await eve.step(200, 380)
        assert (await eve.expect(m.Error)).code == "room_locked"
