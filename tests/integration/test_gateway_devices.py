"""WHIP and WHEP devices in a running world: where they stand, who hears them, and when they are gone."""

from __future__ import annotations

import pytest

from signaling import messages as m
from tests.support.tiny_world import ROOM_1, SERVER, TinyWorld, until
from world.records import Seat
from world.running.devices import DeviceRefused


def ticket(zone_id: str | None = ROOM_1, user: str = "ann") -> Seat:
    return Seat(user, "Ann's OBS", "avatar-1", "device", "member", zone_id)


async def test_a_published_device_stands_in_its_zone_and_is_heard_there_only() -> None:
    async with TinyWorld() as tiny:
        ann, out = await tiny.join("ann", (200, 200)), await tiny.join("out", (200, 420))
        for avatar in (ann, out):
            await tiny.on_air(avatar, "mic", "camera")
        opened = await tiny.world.open_device(ticket(), SERVER, "v=0 whip", "publish")
        assert opened.sdp == "v=0 answer"
        seen = await ann.expect(m.Players, lambda p: any(j.presence == "device" for j in p.joined))
        device = next(j for j in seen.joined if j.presence == "device")
        assert device.zone_id == ROOM_1
        session = next(s for s in tiny.worker.routers if s not in (ann.session, out.session))
        await tiny.worker.produce(session, "mic", "camera")
        await until(lambda: (session, "camera") in tiny.worker.heard(ann.session), "the device's picture")
        assert session not in str(tiny.worker.routes[out.session])
        assert not await tiny.world.close_device(opened.resource, "somebody else")
        assert await tiny.world.close_device(opened.resource, "ann")
        await until(lambda: tiny.worker.closed == [session])
        await ann.expect(m.Players, lambda p: device.user_id in p.left)
        assert not await tiny.world.close_device(opened.resource, "ann")


async def test_a_playing_device_gets_as_many_sources_as_it_offered_slots() -> None:
    async with TinyWorld() as tiny:
        people = [await tiny.join(f"u{i}", (50 + 60 * i, 200)) for i in range(3)]
        for avatar in people:
            await tiny.on_air(avatar, "mic", "camera")
        await tiny.world.open_device(ticket(), SERVER, "v=0 whep", "play")
        session = next(s for s in tiny.worker.routers if s not in [p.session for p in people])
        await until(lambda: session in tiny.worker.routes and len(tiny.worker.heard(session)) == 2)
        assert {source for _, source in tiny.worker.heard(session)} == {"mic", "camera"}


async def test_a_device_whose_connection_ends_is_gone() -> None:
    async with TinyWorld() as tiny:
        ann = await tiny.join("ann", (200, 200))
        opened = await tiny.world.open_device(ticket(), SERVER, "v=0", "publish")
        session = next(iter(tiny.worker.routers))
        await ann.expect(m.Players, lambda p: any(j.presence == "device" for j in p.joined))
        await tiny.worker.connection(session, "publish", "closed")
        await ann.expect(m.Players, lambda p: bool(p.left))
        assert not await tiny.world.close_device(opened.resource, "ann")


async def test_devices_are_refused_with_the_reason_and_are_bounded_per_user() -> None:
    async with TinyWorld() as tiny:
        ann = await tiny.join("ann", (200, 200))
        for seat, sdp, code in (
            (ticket("nowhere"), "v=0", "no_zone"),
            (ticket(None), "v=0", "no_zone"),
            (ticket(), "garbage", "bad_sdp"),
        ):
            with pytest.raises(DeviceRefused) as refused:
                await tiny.world.open_device(seat, SERVER, sdp, "publish")
            assert refused.value.code == code
        for _ in range(4):
            await tiny.world.open_device(ticket(), SERVER, "v=0", "publish")
        with pytest.raises(DeviceRefused) as refused:
            await tiny.world.open_device(ticket(), SERVER, "v=0", "publish")
        assert refused.value.code == "too_many_devices"
        live = tiny.world.spaces.get(SERVER)
        assert live is not None
        assert len(live.space.players) == 5
        await tiny.world.remove_user(SERVER, "ann", "kicked", "gone")
        assert live.space.players == {}
        assert (await ann.ended()).code == "kicked"
