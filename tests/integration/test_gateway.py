"""The gateway and the running world over real WebSockets: people and what they are told."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import aiohttp
import pytest

from signaling import messages as m
from tests.support.tiny_world import HALL, ROOM_1, ROOM_2, SERVER, Avatar, TinyWorld, left, shows, until
from world.clients.client import ERRORS
from world.records import Seat


async def test_a_welcome_says_everything_that_a_first_picture_needs() -> None:
    async with TinyWorld() as tiny:
        ann = await tiny.join("ann")
        bob = await tiny.join("bob")
        welcome = bob.welcome
        assert welcome.you.user_id == "bob"
        assert welcome.you.zone_id == HALL
        assert welcome.you.media == m.MediaFlags()
        assert [p.user_id for p in welcome.players] == ["ann"]
        assert {z.id for z in welcome.zones} == {ROOM_1, ROOM_2, HALL}
        assert all(z.meeting_id for z in welcome.zones)
        assert welcome.hearing == m.Hearing(48, 300, 330, 360)
        assert welcome.map.width == 1600
        joined = await ann.expect(m.Players, shows("bob"))
        assert (joined.joined[-1].x, joined.joined[-1].y) == (welcome.you.x, welcome.you.y)
        assert (ann.x, ann.y) != (bob.x, bob.y)


async def test_a_step_is_seen_by_others_within_a_tick_or_two() -> None:
    async with TinyWorld() as tiny:
        ann, bob = await tiny.join("ann", (600, 700)), await tiny.join("bob", (700, 700))
        await ann.step(620, 700, "right")
        seen = await bob.expect(m.Players, lambda p: bool(p.moved))
        assert m.Moved("ann", 620, 700, "right") in seen.moved


async def test_a_wall_and_a_teleport_are_answered_by_moved_back() -> None:
    async with TinyWorld() as tiny:
        ann, bob = await tiny.join("ann", (990, 1000)), await tiny.join("bob", (900, 1000))
        seq = await ann.step(1050, 1000)
        assert await ann.expect(m.MovedBack) == m.MovedBack(990, 1000, seq)
        seq = await ann.step(300, 1000)
        assert await ann.expect(m.MovedBack) == m.MovedBack(990, 1000, seq)
        await asyncio.sleep(0.15)
        assert not any(p.moved for p in bob.told(m.Players))


async def test_walking_into_a_room_is_told_to_all_who_see_it_and_to_oneself() -> None:
    async with TinyWorld() as tiny:
        ann, bob = await tiny.join("ann", (200, 420)), await tiny.join("bob", (300, 500))
        await ann.step(200, 390, "up")
        assert await ann.expect(m.ZoneChanged) == m.ZoneChanged("ann", ROOM_1)
        assert await bob.expect(m.ZoneChanged) == m.ZoneChanged("ann", ROOM_1)


async def test_a_hint_that_disagrees_is_told_where_the_world_sees_one() -> None:
    async with TinyWorld() as tiny:
        ann = await tiny.join("ann", (200, 420))
        await ann.send(m.ZoneEntered(HALL))
        await ann.send(m.ZoneExited(ROOM_1))
        await ann.send(m.ZoneEntered(ROOM_1))
        error = await ann.expect(m.Error)
        assert (error.code, error.ref) == ("zone_mismatch", "zone_entered")
        assert HALL.title() in error.message
        await ann.ws.send_json({"type": "zone_exit", "zone_id": HALL})
        assert (await ann.expect(m.Error)).code == "zone_mismatch"
        assert ann.told(m.Error) == []


# --- bad input ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        ("{", "bad_json"),
        ("[]", "bad_fields"),
        ('{"type": "fly"}', "unknown_type"),
        ('{"type": "player_move", "x": NaN, "y": 1, "direction": "up", "seq": 1}', "bad_json"),
        ('{"type": "player_move", "x": 1e300, "y": 1, "direction": "up", "seq": 7}', "bad_fields"),
        ('{"type": "player_move", "x": "1", "y": 1, "direction": "up", "seq": 1}', "bad_fields"),
        ('{"type": "player_move", "x": 1, "y": 1, "direction": "up", "seq": -1}', "bad_fields"),
        ('{"type": "chat", "text": ""}', "empty"),
        ('{"type": "join"}', "joined_already"),
        ('"' + "x" * (m.MAX_FRAME_BYTES + 10) + '"', "too_large"),
    ],
)
async def test_nonsense_is_answered_and_hurts_neither_its_sender_nor_others(frame: str, code: str) -> None:
    async with TinyWorld() as tiny:
        ann, bob = await tiny.join("ann", (600, 700)), await tiny.join("bob", (700, 700))
        await ann.ws.send_str(frame)
        assert (await ann.expect(m.Error)).code == code
        await ann.step(610, 700)
        await bob.expect(m.Players, lambda p: bool(p.moved))


async def test_random_bytes_end_nothing() -> None:
    async with TinyWorld() as tiny:
        ann = await tiny.join("ann")
        await ann.ws.send_bytes(bytes(range(256)))
        assert (await ann.expect(m.Error)).code == "bad_json"
        await ann.sync()


async def test_a_client_that_sends_only_nonsense_is_let_go() -> None:
    async with TinyWorld() as tiny:
        ann, bob = await tiny.join("ann"), await tiny.join("bob")
        for _ in range(int(ERRORS[1]) + 5):
            await ann.ws.send_str("{")
        assert (await ann.ended()).code == "too_many_errors"
        await bob.sync()


async def test_a_frame_far_too_large_ends_its_own_connection_only() -> None:
    async with TinyWorld() as tiny:
        ann, bob = await tiny.join("ann"), await tiny.join("bob")
        await ann.ws.send_bytes(b"x" * (3 * m.MAX_FRAME_BYTES))
        await until(lambda: ann.ws.closed, "the connection's end")
        assert ann.ws.close_code == aiohttp.WSCloseCode.MESSAGE_TOO_BIG
        await bob.sync()


async def test_more_moves_than_frames_are_refused_and_the_client_is_set_back() -> None:
    async with TinyWorld() as tiny:
        ann = await tiny.join("ann", (600, 700))
        for i in range(200):
            await ann.step(600 + i % 2, 700)
        error = await ann.expect(m.Error)
        assert error.code == "rate_limited"
        back = await ann.expect(m.MovedBack)
        assert (back.x, back.y) in {(600.0, 700.0), (601.0, 700.0)}
        await ann.sync()


# --- coming ------------------------------------------------------------------------------------------


async def test_before_join_nothing_else_is_taken() -> None:
    async with TinyWorld() as tiny:
        ann = await tiny.connect("ann")
        await ann.send(m.Ping(1))
        assert (await ann.expect(m.Error)).code == "join_first"
        await ann.send(m.Join())
        await ann.expect(m.Welcome)


async def test_nonsense_instead_of_join_ends_the_connection() -> None:
    async with TinyWorld() as tiny:
        ann = await tiny.connect("ann")
        for _ in range(10):
            await ann.ws.send_str("{")
        assert (await ann.ended()).code == "too_many_errors"


async def test_who_does_not_join_in_time_is_told_and_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("world.clients.gateway.JOIN_SECONDS", 0.05)
    async with TinyWorld() as tiny:
        ann = await tiny.connect("ann")
        closing = await ann.ended()
        # A network that stalls is no reason to stay away.
        assert (closing.code, closing.retry_ms) == ("join_timeout", 5000)


async def test_strangers_and_unknown_servers_are_refused_with_the_reason() -> None:
    async with TinyWorld() as tiny:
        for user, server, code in (("", SERVER, "not_logged_in"), ("ann", "nowhere", "no_server")):
            avatar = await tiny.connect(user, server)
            await avatar.send(m.Join())
            assert (await avatar.ended()).code == code


async def test_pages_of_other_sites_may_not_connect() -> None:
    async with TinyWorld() as tiny:
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await tiny.connect("ann", Origin="https://evil.example")
        assert refused.value.status == 403
        host = tiny.url.removeprefix("http://").split("/")[0]
        await tiny.connect("ann", Origin=f"http://{host}")


async def test_a_plain_request_is_told_what_this_address_speaks() -> None:
    async with TinyWorld() as tiny, tiny.http.get(f"{tiny.url}/{SERVER}") as answer:
        assert answer.status == 426
        assert (await answer.json())["error"]["code"] == "websocket_only"


async def test_a_guest_sits_in_the_room_of_the_link_and_cannot_walk() -> None:
    async with TinyWorld() as tiny:
        tiny.seats["guest"] = Seat("guest", "Guest", "avatar-1", "guest", "guest", ROOM_1)
        guest = await tiny.join("guest")
        assert guest.welcome.you.zone_id == ROOM_1
        assert all(z.meeting_id is None for z in guest.welcome.zones)
        await guest.step(guest.x + 5, guest.y)
        await guest.expect(m.MovedBack)


async def test_a_member_who_opens_a_meeting_link_moves_there_as_themselves() -> None:
    async with TinyWorld() as tiny:
        ann = await tiny.join("ann", (600, 700))
        tiny.seats["ann"] = Seat("ann", "Ann", "avatar-1", "walker", "member", ROOM_2)
        again = await tiny.join("ann")
        assert again.welcome.you.zone_id == ROOM_2
        assert (await ann.ended()).code == "replaced"
        assert tiny.world.online(SERVER) == 1


async def test_a_seat_in_a_room_that_is_gone_is_refused() -> None:
    async with TinyWorld() as tiny:
        tiny.seats["guest"] = Seat("guest", "Guest", "avatar-1", "guest", "guest", "gone")
        guest = await tiny.connect("guest")
        await guest.send(m.Join())
        assert (await guest.ended()).code == "room_closed"


# --- talking -----------------------------------------------------------------------------------------


async def test_chat_nearby_reaches_exactly_those_who_hear_one() -> None:
    async with TinyWorld() as tiny:
        places = {
            "ann": (600, 700),
            "near": (700, 700),
            "far": (600, 1200),
            "room": (600, 390),
            "room2": (100, 100),
        }
        people = {name: await tiny.join(name, place) for name, place in places.items()}
        await tiny.world.spaces.load(SERVER)
        await asyncio.sleep(0.12)
        await people["ann"].send(m.Chat("hello"))
        line = await people["near"].expect(m.ChatMessage)
        assert (line.user_id, line.text, line.scope) == ("ann", "hello", "nearby")
        await people["ann"].expect(m.ChatMessage)
        await people["ann"].send(m.Chat("all", "server"))
        for avatar in people.values():
            assert (await avatar.expect(m.ChatMessage)).text == "all"
            assert avatar.told(m.ChatMessage) == []


async def test_writing_too_fast_is_refused() -> None:
    async with TinyWorld() as tiny:
        ann = await tiny.join("ann")
        for i in range(6):
            await ann.send(m.Chat(f"line {i}"))
        assert (await ann.expect(m.Error)).code == "rate_limited"
        assert len(ann.told(m.ChatMessage)) == 5


async def test_emotes_and_media_states_are_shown_to_those_who_see_one() -> None:
    async with TinyWorld() as tiny:
        ann, bob = await tiny.join("ann", (600, 700)), await tiny.join("bob", (700, 700))
        await ann.send(m.SendEmote("wave"))
        assert await bob.expect(m.Emoted) == m.Emoted("ann", "wave")
        await ann.send(m.MediaState(mic=True, camera=False))
        assert await bob.expect(m.MediaChanged) == m.MediaChanged("ann", m.MediaFlags(mic=True))


# --- what the rest of the program does ---------------------------------------------------------------


async def test_edited_zones_are_told_and_everybody_is_in_a_zone_anew() -> None:
    async with TinyWorld() as tiny:
        ann = await tiny.join("ann", (600, 700))
        tiny.seats["guest"] = Seat("guest", "Guest", "avatar-1", "guest", "guest", ROOM_1)
        guest = await tiny.join("guest")
        record = tiny.directory.records[SERVER]
        hall = next(z for z in record.zones if z.id == HALL)
        tiny.directory.records[SERVER] = replace(record, zones=(replace(hall, type="PRIVATE"),))
        await tiny.world.zones_changed(SERVER)
        zones = await ann.expect(m.ZonesChanged)
        assert [(z.id, z.type) for z in zones.zones] == [(HALL, "PRIVATE")]
        assert (await guest.ended()).code == "room_closed"
        live = await tiny.world.spaces.load(SERVER)
        assert live is not None
        assert live.space.players["ann"].room == HALL


async def test_a_removed_user_is_gone_at_once_and_told_why() -> None:
    async with TinyWorld() as tiny:
        ann, bob = await tiny.join("ann", (600, 700)), await tiny.join("bob", (700, 700))
        await tiny.world.remove_user(SERVER, "ann", "kicked", "a moderator removed you")
        closing = await ann.ended()
        assert (closing.code, closing.retry_ms) == ("kicked", None)
        await bob.expect(m.Players, left("ann"))
        assert tiny.world.online(SERVER) == 1


async def test_a_deleted_server_is_told_to_all_and_saves_nothing() -> None:
    async with TinyWorld() as tiny:
        avatars: list[Avatar] = [await tiny.join("ann"), await tiny.join("bob")]
        await tiny.world.server_deleted(SERVER)
        for avatar in avatars:
            assert (await avatar.ended()).code == "server_deleted"
        await asyncio.sleep(0.05)
        assert tiny.directory.saves == []
        assert tiny.world.online(SERVER) == 0
