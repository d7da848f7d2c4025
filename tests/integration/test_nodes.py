"""Two world nodes in one process: whoever connects where, it is one world. Real sockets, no media."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator

import pytest

from signaling import messages as m
from signaling.tickets import ResumeTicket
from tests.support.tiny_world import ROOM_1, SERVER, TinyWorld, until
from world.nodes.lease import Want
from world.nodes.owner import Gateway
from world.nodes.wire import FromOwner, Write
from world.records import Seat
from world.running.state import InProcessPositions, Position


@pytest.fixture
async def nodes() -> AsyncIterator[tuple[TinyWorld, TinyWorld]]:
    """The first one owns the server as soon as somebody joins there first."""
    async with TinyWorld(grace=0.2) as one, TinyWorld(beside=one, grace=0.2) as two:
        yield one, two


def owned(tiny: TinyWorld) -> bool:
    return tiny.world.spaces.get(SERVER) is not None


async def test_people_on_both_nodes_see_each_other_move_and_talk(nodes: tuple[TinyWorld, TinyWorld]) -> None:
    one, two = nodes
    ann = await one.join("ann", (600, 700))
    bob = await two.join("bob", (700, 700))
    assert (owned(one), owned(two)) == (True, False)
    assert [p.user_id for p in bob.welcome.players] == ["ann"]
    await ann.expect(m.Players, lambda p: any(q.user_id == "bob" for q in p.joined))
    await ann.step(610, 700)
    await bob.expect(m.Players, lambda p: any((q.user_id, q.x) == ("ann", 610) for q in p.moved))
    await bob.step(710, 700)
    await ann.expect(m.Players, lambda p: any((q.user_id, q.x) == ("bob", 710) for q in p.moved))
    await bob.send(m.Chat("hello", "nearby"))
    assert (await ann.expect(m.ChatMessage)).user_id == "bob"
    await bob.step(1500, 100)
    assert (await bob.expect(m.MovedBack)).x == 710
    await bob.ws.send_str("nonsense")
    await bob.expect(m.Error)
    await bob.sync()
    for tiny in nodes:
        assert await tiny.node.online(SERVER) == 2
        assert await tiny.node.people_in(SERVER, "zone-hall") == {"ann", "bob"}
    await bob.leave()
    await ann.expect(m.Players, lambda p: "bob" in p.left)


async def test_one_tick_is_one_publish_for_a_gateway_and_the_same_bytes_are_there_once(
    nodes: tuple[TinyWorld, TinyWorld], monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two = nodes
    ann = await one.join("ann", (600, 700))
    crowd = [await two.join(f"u{i}", (700 + 30.0 * i, 700)) for i in range(5)]
    for person in crowd:
        await person.sync()
    await asyncio.sleep(0.3)
    batches: list[list[FromOwner]] = []
    owner = one.node.clients._owned[SERVER]
    send = owner.send

    def counted(gateway: Gateway, number: int, items: list[FromOwner]) -> None:
        batches.append(items)
        send(gateway, number, items)

    monkeypatch.setattr(owner, "send", counted)
    await ann.step(610, 700)
    for person in crowd:
        await person.expect(m.Players, lambda p: any(q.x == 610 for q in p.moved))
    told = [items for items in batches if items]
    assert len(told) == 1
    assert len(told[0]) == 1
    assert isinstance(told[0][0], Write)
    assert len(told[0][0].sockets) == 5


async def test_media_of_both_nodes_meets_on_the_worker(nodes: tuple[TinyWorld, TinyWorld]) -> None:
    one, two = nodes
    ann, bob = await one.join("ann", (600, 700)), await two.join("bob", (700, 700))
    await one.on_air(ann, "mic")
    await two.on_air(bob, "mic")
    worker = one.worker
    await until(lambda: worker.heard(bob.session) == {(ann.session, "mic")}, "bob hears ann")
    await until(lambda: worker.heard(ann.session) == {(bob.session, "mic")}, "ann hears bob")
    await bob.expect(m.Slots, lambda s: [a.user_id for a in s.audio] == ["ann"])


async def test_edits_and_removals_reach_everybody_from_any_node(nodes: tuple[TinyWorld, TinyWorld]) -> None:
    one, two = nodes
    ann, bob = await one.join("ann", (600, 700)), await two.join("bob", (700, 700))
    await two.node.zones_changed(SERVER)
    await ann.expect(m.ZonesChanged)
    await bob.expect(m.ZonesChanged)
    await one.node.remove_user(SERVER, "bob", "kicked", "gone")
    assert (await bob.ended()).code == "kicked"
    await two.node.remove_user(SERVER, "ann", "kicked", "gone")
    assert (await ann.ended()).code == "kicked"
    cleo, dora = await one.join("cleo"), await two.join("dora")
    await two.node.server_deleted(SERVER)
    assert (await cleo.ended()).code == (await dora.ended()).code == "server_deleted"


async def test_one_person_is_there_once_whatever_the_node(nodes: tuple[TinyWorld, TinyWorld]) -> None:
    one, two = nodes
    first = await one.join("ann", (600, 700))
    second = await two.join("ann")
    assert (await first.ended()).code == "replaced"
    third = await two.join("ann", resume=second.welcome.resume)
    assert third.session == second.session
    assert (await second.ended()).code == "replaced"
    assert await one.node.online(SERVER) == 1


async def test_a_device_is_opened_and_closed_through_any_node(nodes: tuple[TinyWorld, TinyWorld]) -> None:
    one, two = nodes
    ann = await one.join("ann", (200, 200))
    seat = Seat("ann", "Cam", "avatar-1", "device", "member", ROOM_1)
    opened = await two.node.open_device(seat, SERVER, "v=0 whip", "publish")
    await ann.expect(m.Players, lambda p: any(q.presence == "device" for q in p.joined))
    assert not await two.node.close_device(opened.resource, "bob", SERVER)
    assert await two.node.close_device(opened.resource, "ann", SERVER)
    await ann.expect(m.Players, lambda p: bool(p.left))


async def test_the_devices_of_one_person_end_through_any_node_and_nobody_else_does(
    nodes: tuple[TinyWorld, TinyWorld],
) -> None:
    one, two = nodes
    ann = await one.join("ann", (200, 200))
    mine, theirs = [
        await two.node.open_device(
            Seat(owner, "Cam", "avatar-1", "device", "member", ROOM_1), SERVER, "v=0 whep", "play"
        )
        for owner in ("ann", "bob")
    ]
    await two.node.end_devices(SERVER, "ann")
    await until(lambda: not one.world.has_device(mine.resource, "ann"), "the device is gone")
    assert await one.node.has_device(theirs.resource, "bob", SERVER)
    await ann.sync()


async def test_an_owner_that_stops_hands_its_space_over_and_nobody_elsewhere_is_thrown_out(
    nodes: tuple[TinyWorld, TinyWorld],
) -> None:
    one, two = nodes
    ann, bob = await one.join("ann", (600, 700)), await two.join("bob", (700, 700))
    cleo = await two.join("cleo", (750, 700))
    await two.on_air(bob, "mic")
    await two.on_air(cleo, "mic")
    await bob.step(720, 700)
    await bob.sync()
    taken = [tiny.world.metrics.takeovers for tiny in nodes]
    assert [counter._value.get() for counter in taken] == [0, 0], "a first visit takes nothing over"
    await one.node.close()
    assert (await ann.ended()).code == "restarting"
    await until(lambda: owned(two), "the space moves")
    assert taken[1]._value.get() == 1
    await bob.step(725, 700)
    await cleo.expect(m.Players, lambda p: any((q.user_id, q.x) == ("bob", 725) for q in p.moved))
    assert not bob.told(m.Closing)
    player = two.world.spaces.get(SERVER).space.players["bob"]  # type: ignore[union-attr]
    assert player.flags.mic
    assert two.worker.closed == [], "their media goes on"
    await until(lambda: two.worker.heard(cleo.session) == {(bob.session, "mic")}, "cleo hears bob")


async def test_who_comes_back_at_another_node_after_a_restart_has_their_place_and_mute_state(
    nodes: tuple[TinyWorld, TinyWorld],
) -> None:
    one, two = nodes
    ann, bob = await one.join("ann", (600, 700)), await one.join("bob", (700, 700))
    eve = await one.join("eve", (800, 700))
    for avatar in (ann, bob, eve):
        await avatar.send(m.MediaState(mic=True, camera=True, watch=False))
        await avatar.expect(m.Resume)
    await ann.send(m.MediaState(mic=True, camera=False))
    await bob.send(m.MediaState(mic=False, camera=False))
    await ann.step(630, 700)
    for avatar in (ann, bob):
        await avatar.expect(m.Resume)
    await one.node.close()
    on, off = [(await avatar.expect(m.Resume)).resume for avatar in (ann, bob)]
    again = [await two.join("ann", resume=on), await two.join("bob", resume=off), await two.join("eve")]
    assert [you.welcome.you.media for you in again] == [
        m.MediaFlags(mic=True),
        m.MediaFlags(),
        m.MediaFlags(),
    ]
    assert (again[0].x, again[0].y) == (630, 700)
    player = two.world.spaces.get(SERVER).space.players["ann"]  # type: ignore[union-attr]
    assert player.watch


async def test_a_token_of_long_ago_brings_nobody_back_unmuted(nodes: tuple[TinyWorld, TinyWorld]) -> None:
    one, two = nodes
    ann = await one.join("ann", (600, 700))
    await ann.send(m.MediaState(mic=True, camera=True))
    on = (await ann.expect(m.Resume)).resume
    await ann.leave()
    await until(lambda: not one.world.online(SERVER), "ann has left")
    await one.node.close()
    assert (await two.join("ann", resume=on)).welcome.you.media == m.MediaFlags()


async def test_after_a_crash_the_mute_state_comes_from_the_token_of_those_who_were_there() -> None:
    positions = InProcessPositions()
    await positions.write_batch(SERVER, {"ann": Position(630, 700, None, 0)}, [])
    async with TinyWorld(positions) as tiny:
        for user, media in (("ann", m.MediaFlags(mic=True)), ("bob", m.MediaFlags())):
            resume = tiny.tickets.issue(ResumeTicket(SERVER, user, "s", mic=True), 60, time.time())
            assert (await tiny.join(user, resume=resume)).welcome.you.media == media


async def test_an_owner_that_loses_its_lease_serves_its_clients_through_the_new_one(
    nodes: tuple[TinyWorld, TinyWorld],
) -> None:
    one, two = nodes
    ann, bob = await one.join("ann", (600, 700)), await two.join("bob", (700, 700))
    await one.on_air(ann, "mic")
    # As if it had been paused for so long that the lease went to the other.
    lease = one.node._leases.tenure(SERVER)
    assert lease is not None
    await one.leases.release(lease.lease.node, SERVER, lease.lease.epoch)
    await one.leases.hold(two.node._leases.node, {SERVER: Want()})
    await until(lambda: owned(two) and not owned(one), "the other owns")
    await ann.expect(m.MovedBack)
    await ann.step(610, 700)
    await bob.expect(m.Players, lambda p: any((q.user_id, q.x) == ("ann", 610) for q in p.moved))
    assert not ann.told(m.Closing)
    assert not bob.told(m.Closing)
    assert one.worker.closed == []


async def test_what_is_lost_on_the_way_between_nodes_is_made_up_for(
    nodes: tuple[TinyWorld, TinyWorld], monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two = nodes
    ann, bob = await one.join("ann", (600, 700)), await two.join("bob", (700, 700))
    await bob.sync()
    publish = one.bus.publish
    lose = True

    async def lossy(topic: str, payload: bytes) -> None:
        if not lose or not topic.startswith("node."):
            await publish(topic, payload)

    monkeypatch.setattr(one.bus, "publish", lossy)
    await ann.step(610, 700)
    await asyncio.sleep(0.2)
    lose = False
    await bob.expect(m.Players, lambda p: any((q.user_id, q.x) == ("ann", 610) for q in p.joined))
    await ann.step(620, 700)
    await bob.expect(m.Players, lambda p: any((q.user_id, q.x) == ("ann", 620) for q in p.moved))
    assert not bob.told(m.Closing)
