"""How people show themselves, over real WebSockets: statuses, sitting, another look."""

from __future__ import annotations

import asyncio

from signaling import messages as m
from tests.support.tiny_world import SERVER, TinyWorld, until
from world.space.player import Player


def player(tiny: TinyWorld, user_id: str) -> Player:
    live = tiny.world.spaces.get(SERVER)
    assert live is not None
    return live.space.players[user_id]


async def test_a_status_is_seen_by_others_and_known_to_who_comes_later() -> None:
    async with TinyWorld() as tiny:
        ann, bob = await tiny.join("ann", (600, 700)), await tiny.join("bob", (700, 700))
        await ann.send(m.Show("busy"))
        told = m.Shown("ann", m.Showing("busy"))
        assert await bob.expect(m.Shown) == told
        assert await ann.expect(m.Shown) == told
        cleo = await tiny.join("cleo", (650, 700))
        seen = {p.user_id: p.showing for p in cleo.welcome.players}
        assert seen == {"ann": m.Showing("busy"), "bob": m.Showing()}


async def test_who_goes_away_sends_nothing_and_coming_back_turns_nothing_on() -> None:
    async with TinyWorld() as tiny:
        ann, bob = await tiny.join("ann", (600, 700)), await tiny.join("bob", (700, 700))
        await ann.send(m.MediaState(mic=True, camera=True))
        assert (await bob.expect(m.MediaChanged)).media == m.MediaFlags(True, True)
        await ann.send(m.Show("away"))
        assert await bob.expect(m.MediaChanged) == m.MediaChanged("ann", m.MediaFlags())
        await ann.send(m.Show("available"))
        await bob.expect(m.Shown, lambda shown: shown.showing.status == "available")
        await asyncio.sleep(0.15)
        assert player(tiny, "ann").flags == m.MediaFlags()


async def test_a_step_ends_sitting_and_turning_the_head_does_not() -> None:
    async with TinyWorld() as tiny:
        ann, bob = await tiny.join("ann", (600, 700)), await tiny.join("bob", (700, 700))
        await ann.send(m.Show("available", seated=True))
        assert (await bob.expect(m.Shown)).showing.seated
        await ann.step(600, 700, "left")
        await until(lambda: player(tiny, "ann").direction == "left")
        assert player(tiny, "ann").showing.seated
        await ann.step(610, 700, "right")
        assert not (await bob.expect(m.Shown, lambda shown: not shown.showing.seated)).showing.seated


async def test_a_flood_of_statuses_is_refused_and_the_true_one_is_told() -> None:
    async with TinyWorld() as tiny:
        ann = await tiny.join("ann", (600, 700))
        for number in range(60):
            await ann.send(m.Show("busy" if number % 2 else "available", seated=bool(number % 3)))
        error = await ann.expect(m.Error)
        assert (error.code, error.ref) == ("rate_limited", "show")
        await until(lambda: ann.told(m.Shown)[-1].showing == player(tiny, "ann").showing)


async def test_a_status_lasts_over_a_reconnect_of_the_same_page() -> None:
    async with TinyWorld() as tiny:
        ann = await tiny.join("ann", (600, 700))
        await ann.send(m.Show("busy"))
        await ann.expect(m.Shown)
        again = await tiny.join("ann", resume=ann.welcome.resume)
        assert again.welcome.you.showing == m.Showing("busy")
        fresh = await tiny.join("ann")
        assert fresh.welcome.you.showing == m.Showing()


async def test_another_name_and_avatar_are_told_to_whoever_sees_them() -> None:
    async with TinyWorld() as tiny:
        ann, bob = await tiny.join("ann", (600, 700)), await tiny.join("bob", (700, 700))
        await tiny.world.look_changed(SERVER, "ann", "Ann II", "flint")
        told = m.LookChanged("ann", "Ann II", "flint")
        assert await bob.expect(m.LookChanged) == told
        assert await ann.expect(m.LookChanged) == told
        assert (player(tiny, "ann").name, player(tiny, "ann").avatar) == ("Ann II", "flint")
