"""Leaving a running world and coming back to it: a lost connection, a second tab, a restart."""

from __future__ import annotations

import time

import pytest

from signaling import messages as m
from tests.support.tiny_world import SERVER, TinyWorld, left, shows, until
from world.records import Seat


async def test_a_disconnect_removes_the_avatar_after_the_grace_and_saves_the_place() -> None:
    async with TinyWorld(grace=0.1) as tiny:
        ann, bob = await tiny.join("ann", (600, 700)), await tiny.join("bob", (700, 700))
        await ann.step(630, 700)
        await ann.sync()
        await ann.leave()
        await bob.expect(m.Players, left("ann"))
        await until(lambda: tiny.directory.saves == [(SERVER, "ann", 630, 700)])
        assert tiny.world.online(SERVER) == 1


async def test_a_resume_within_the_grace_brings_back_everything_without_a_flicker() -> None:
    async with TinyWorld(grace=5.0) as tiny:
        ann, bob = await tiny.join("ann", (600, 700)), await tiny.join("bob", (700, 700))
        await ann.step(630, 700, "left")
        await ann.send(m.MediaState(mic=True, camera=False, watch=False))
        await ann.sync()
        await ann.leave()
        again = await tiny.join("ann", resume=ann.welcome.resume)
        you = again.welcome.you
        assert (you.x, you.y, you.direction) == (630, 700, "left")
        assert you.media == m.MediaFlags(mic=True)
        assert you.session == ann.session
        await again.step(640, 700)
        await bob.expect(m.Players, lambda p: m.Moved("ann", 640, 700, "down") in p.moved)
        assert not [p for p in bob.told(m.Players) if p.left]
        assert tiny.world.online(SERVER) == 2


async def test_a_resume_after_the_grace_brings_back_place_and_mute_state() -> None:
    async with TinyWorld(grace=0.0) as tiny:
        ann, bob = await tiny.join("ann", (600, 700)), await tiny.join("bob", (700, 700))
        await ann.send(m.MediaState(mic=True, camera=True))
        await ann.sync()
        await ann.leave()
        await bob.expect(m.Players, left("ann"))
        again = await tiny.join("ann", resume=ann.welcome.resume)
        assert again.welcome.you.media == m.MediaFlags(mic=True, camera=True)
        assert again.session != ann.session


async def test_without_a_resume_token_nobody_comes_back_unmuted() -> None:
    async with TinyWorld() as tiny:
        ann = await tiny.join("ann", (600, 700))
        await ann.send(m.MediaState(mic=True, camera=True))
        await ann.sync()
        for resume in (None, "forged", (await tiny.join("bob")).welcome.resume):
            again = await tiny.join("ann", resume=resume)
            assert again.welcome.you.media == m.MediaFlags()
            assert again.session != ann.session


async def test_the_older_of_two_tabs_is_told_and_closed_and_nobody_is_there_twice() -> None:
    async with TinyWorld() as tiny:
        bob = await tiny.join("bob", (700, 700))
        first = await tiny.join("ann", (600, 700))
        await bob.expect(m.Players, shows("ann"))
        second = await tiny.join("ann")
        closing = await first.ended()
        assert (closing.code, closing.retry_ms) == ("replaced", None)
        third = await tiny.join("ann", resume=second.welcome.resume)
        assert (await second.ended()).code == "replaced"
        await third.step(610, 700)
        await bob.expect(m.Players, lambda p: bool(p.moved))
        assert tiny.world.online(SERVER) == 2
        assert not [p for p in bob.told(m.Players) if p.left]


async def test_a_proof_of_identity_that_ends_mid_walk_closes_the_seat_and_keeps_the_place() -> None:
    async with TinyWorld(grace=0.0) as tiny:
        tiny.seats["ann"] = Seat("ann", "Ann", "avatar-1", "walker", "member", expires_at=time.time() + 3600)
        ann = await tiny.join("ann", (600, 700))
        await ann.step(650, 700)
        await ann.sync()
        tiny.wall = lambda: time.time() + 3601
        closing = await ann.ended()
        assert (closing.code, closing.retry_ms) == ("session_expired", None)
        await until(lambda: (SERVER, "ann", 650.0, 700.0) in tiny.directory.saves)


async def test_a_restart_sends_everybody_away_with_times_to_come_back_that_are_spread() -> None:
    async with TinyWorld() as tiny:
        avatars = [await tiny.join(f"u{i}") for i in range(12)]
        await tiny.world.close()
        closings = [await avatar.ended() for avatar in avatars]
        assert {c.code for c in closings} == {"restarting"}
        retries = [c.retry_ms or 0 for c in closings]
        assert min(retries) >= 1000
        assert len(set(retries)) > 6
        assert len(tiny.directory.saves) == 12


async def test_positions_are_not_saved_on_every_move() -> None:
    async with TinyWorld() as tiny:
        ann = await tiny.join("ann", (600, 700))
        for i in range(30):
            await ann.step(600 + i, 700)
        await ann.sync()
        assert tiny.directory.saves == []


async def test_storage_that_is_away_stops_nobody_and_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("world.running.saving.RETRY_SECONDS", 0.02)
    async with TinyWorld(grace=0.0) as tiny:
        ann, bob = await tiny.join("ann", (600, 700)), await tiny.join("bob", (700, 700))
        tiny.directory.fail = True
        await ann.leave()
        await bob.expect(m.Players, left("ann"))
        await bob.sync()
        assert tiny.directory.saves == []
        tiny.directory.fail = False
        await until(lambda: tiny.directory.saves == [(SERVER, "ann", 600, 700)])


async def test_an_empty_space_is_dropped_and_an_idle_one_does_not_tick() -> None:
    async with TinyWorld(grace=0.0, empty=0.0) as tiny:
        ann = await tiny.join("ann", (600, 700))
        live = tiny.world.spaces.get(SERVER)
        assert live is not None
        await until(lambda: not live.ticker.awake, "an idle space")
        await ann.step(610, 700)
        await ann.sync()
        assert live.ticker.awake
        await ann.leave()
        await until(lambda: live.closed, "the end of the space")
        assert tiny.world.online(SERVER) == 0
        await tiny.join("ann")
