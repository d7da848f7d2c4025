"""Muting others and opening doors to them, over real WebSockets: who may, that nothing of the muted
microphone is forwarded, and that it is the same wherever people are connected."""

from __future__ import annotations

from dataclasses import replace

from signaling import messages as m
from tests.support.tiny_world import ROOM_1, SERVER, Avatar, TinyWorld, until
from world.space.player import Player


async def roles(tiny: TinyWorld, **given: m.Role) -> None:
    for user_id, role in given.items():
        await tiny.world.role_changed(SERVER, user_id, role)


async def refused(avatar: Avatar, user_id: str) -> str:
    await avatar.send(m.Mute(user_id))
    error = await avatar.expect(m.Error)
    assert error.ref == "mute"
    return error.code


async def test_a_moderator_mutes_a_member_who_may_speak_again() -> None:
    async with TinyWorld() as tiny:
        ann, bob = await tiny.join("ann", (600, 700)), await tiny.join("bob", (700, 700))
        await roles(tiny, ann="moderator", bob="member")
        await tiny.on_air(ann)
        await tiny.on_air(bob, "mic", "camera")
        await until(lambda: ("bob", "mic") in heard(tiny, ann, bob), "ann hears bob")
        await ann.send(m.Mute("bob"))
        assert (await bob.expect(m.Muted)).name == ann.welcome.you.name
        told = await ann.expect(m.MediaChanged, lambda changed: not changed.media.mic)
        assert told == m.MediaChanged("bob", m.MediaFlags(mic=False, camera=True))
        await until(lambda: ("bob", "mic") not in heard(tiny, ann, bob), "nothing of it is forwarded")
        await bob.send(m.MediaState(mic=True, camera=True))
        await until(lambda: ("bob", "mic") in heard(tiny, ann, bob), "bob speaks again")


def heard(tiny: TinyWorld, listener: Avatar, speaker: Avatar) -> set[tuple[str, str]]:
    pairs = tiny.worker.heard(listener.session)
    return {("bob", source) for session, source in pairs if session == speaker.session}


async def test_nobody_mutes_their_like_those_above_or_who_is_not_there() -> None:
    async with TinyWorld() as tiny:
        ann, bob = await tiny.join("ann", (600, 700)), await tiny.join("bob", (700, 700))
        await roles(tiny, ann="moderator", bob="moderator")
        assert await refused(ann, "bob") == "not_allowed"
        await roles(tiny, ann="member", bob="member")
        assert await refused(ann, "bob") == "not_allowed"
        assert await refused(ann, "nobody") == "not_allowed", "that is not how to learn who is here"
        await roles(tiny, ann="moderator", bob="admin")
        assert await refused(ann, "nobody") == "user_unknown"
        assert await refused(ann, "bob") == "not_allowed"
        await roles(tiny, ann="owner")
        assert await refused(ann, "ann") == "not_allowed", "not even oneself"
        assert not bob.told(m.Muted)


async def test_a_flood_of_mutes_is_refused() -> None:
    async with TinyWorld() as tiny:
        ann = await tiny.join("ann", (600, 700))
        await roles(tiny, ann="owner")
        for _ in range(60):
            await ann.send(m.Mute("nobody"))
        await ann.expect(m.Error, lambda error: error.code == "rate_limited")


async def seat(tiny: TinyWorld, user_id: str) -> Player:
    """Whom the node has in a space that it has just taken over."""

    def players() -> dict[str, Player]:
        live = tiny.world.spaces.get(SERVER)
        return live.space.players if live is not None else {}

    await until(lambda: user_id in players(), f"the seat of {user_id}")
    return players()[user_id]


async def test_who_is_connected_elsewhere_mutes_and_is_muted_and_stays_so_when_the_owner_goes() -> None:
    async with TinyWorld(grace=0.2) as one, TinyWorld(beside=one, grace=0.2) as two:
        ann, bob = await one.join("ann", (600, 700)), await two.join("bob", (700, 700))
        await one.on_air(ann, "mic")
        await two.on_air(bob, "mic")
        await until(lambda: ("bob", "mic") in heard(one, ann, bob), "ann hears bob")
        await two.node.role_changed(SERVER, "ann", "moderator")
        await ann.send(m.Mute("bob"))
        assert (await bob.expect(m.Muted)).name == ann.welcome.you.name
        await ann.expect(m.MediaChanged, lambda changed: changed == m.MediaChanged("bob", m.MediaFlags()))
        await until(lambda: ("bob", "mic") not in heard(one, ann, bob), "nothing of it is forwarded")
        assert await refused(bob, "ann") == "not_allowed"
        await one.node.role_changed(SERVER, "bob", "owner")
        await bob.send(m.Mute("ann"))
        assert (await ann.expect(m.Muted)).name == bob.welcome.you.name
        await until(lambda: not one.worker.heard(bob.session), "nothing of hers either")
        # As a page does when it is told.
        await bob.send(m.MediaState(mic=False, camera=False))
        await bob.sync()
        await one.node.close()
        assert not (await seat(two, "bob")).flags.mic


async def test_who_is_connected_elsewhere_knocks_and_opens_and_stays_inside_when_the_owner_goes() -> None:
    async with TinyWorld(grace=0.2) as one, TinyWorld(beside=one, grace=0.2) as two:
        ann = await one.join("ann", (200, 380))
        eve, ivy = await two.join("eve", (200, 430)), await two.join("ivy", (300, 430))
        record = one.directory.records[SERVER]
        zones = tuple(replace(zone, locked=zone.id == ROOM_1) for zone in record.zones)
        one.directory.records[SERVER] = replace(record, zones=zones)
        await two.node.zones_changed(SERVER)
        await eve.expect(m.ZonesChanged)
        await eve.send(m.Knock(ROOM_1))
        assert await ann.expect(m.Knocked) == m.Knocked("eve", eve.welcome.you.name)
        await ann.send(m.LetIn("eve"))
        assert await eve.expect(m.DoorOpened) == m.DoorOpened(ROOM_1, ann.welcome.you.name)
        await eve.step(200, 390)
        await eve.expect(m.ZoneChanged, lambda told: told.zone_id == ROOM_1)
        # Both at the other node, and then the door opened from there.
        await ivy.send(m.Knock(ROOM_1))
        assert (await eve.expect(m.Knocked)).user_id == "ivy"
        await eve.send(m.LetIn("ivy"))
        assert (await ivy.expect(m.DoorOpened)).name == eve.welcome.you.name
        await one.node.close()
        assert (await seat(two, "eve")).room == ROOM_1
        # A door is opened for a walk through it, by who knows it open: the next owner has it shut.
        assert (await seat(two, "ivy")).room != ROOM_1
        await ivy.step(300, 390)
        assert (await ivy.expect(m.Error)).code == "room_locked"
