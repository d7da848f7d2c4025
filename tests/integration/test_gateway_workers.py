"""One space on several workers: who is put where, what each is told of the others', and who moves."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

from signaling import control as c
from signaling import messages as m
from tests.support.fake_worker import FakeWorker
from tests.support.tiny_world import HALL, ROOM_1, SERVER, Avatar, TinyWorld, until
from world.records import Seat

PUBLIC, ROOM = f"{SERVER}:public", f"{SERVER}:{ROOM_1}"


@asynccontextmanager
async def two_workers() -> AsyncIterator[tuple[TinyWorld, FakeWorker, FakeWorker]]:
    """A world whose first worker w1 has reached its soft limit as soon as `spill` says so."""
    async with TinyWorld() as tiny:
        other = FakeWorker(tiny.bus, "w2")
        try:
            yield tiny, tiny.worker, other
        finally:
            other.stop()


async def spread(tiny: TinyWorld, w1: FakeWorker, w2: FakeWorker) -> tuple[Avatar, Avatar]:
    """Ann on w1 and Bob on w2, beside each other in the Hall."""
    ann, bob = await tiny.join("ann", (200, 410)), await tiny.join("bob", (300, 500))
    await tiny.on_air(ann, "mic", "camera", worker=w1)
    await w1.heartbeat(load=0.9)
    await w2.heartbeat()
    await tiny.on_air(bob, "mic", worker=w2)
    return ann, bob


async def test_a_full_worker_spills_to_a_second_one_and_both_hear_each_other() -> None:
    async with two_workers() as (tiny, w1, w2):
        ann, bob = await spread(tiny, w1, w2)
        await until(lambda: w2.heard(bob.session) == {(ann.session, "mic"), (ann.session, "camera")}, "bob")
        await until(lambda: w1.heard(ann.session) == {(bob.session, "mic")}, "ann")
        assert (w1.homes[bob.session], w2.homes[ann.session]) == ("w2", "w1")
        assert (w1.homes[ann.session], w2.homes[bob.session]) == ("", "")
        slots = await bob.expect(m.Slots, lambda s: bool(s.audio))
        assert slots.audio[0].user_id == "ann"


async def test_a_server_goes_to_its_region_and_to_another_one_when_it_is_empty_again() -> None:
    async with two_workers() as (tiny, w1, w2):
        await w1.heartbeat(region="eu")
        await w2.heartbeat(region="us")
        assert tiny.node.regions() == ["eu", "us"]
        tiny.directory.records[SERVER] = replace(tiny.directory.records[SERVER], region="us")
        ann, bob = await tiny.join("ann", (200, 410)), await tiny.join("bob", (300, 500))
        await tiny.on_air(ann, "mic", worker=w2)
        tiny.directory.records[SERVER] = replace(tiny.directory.records[SERVER], region="eu")
        await tiny.node.zones_changed(SERVER)
        await bob.expect(m.ZonesChanged)
        await tiny.on_air(bob, "mic", worker=w2)  # where she is: nobody needs a pipe
        for person in (ann, bob):
            await person.leave()
        await until(lambda: not w2.routers, "all are gone")
        cat = await tiny.join("cat")
        await tiny.on_air(cat, "mic", worker=w1)
        assert set(w1.routers) == {cat.session}


async def test_who_steps_into_a_room_is_moved_on_both_workers_in_the_same_tick() -> None:
    async with two_workers() as (tiny, w1, w2):
        ann, bob = await spread(tiny, w1, w2)
        await until(lambda: bool(w2.heard(bob.session)), "they hear each other")
        before = len(w2.batches)
        await ann.step(200, 390, "up")
        await until(lambda: w1.routers[ann.session] == ROOM and w2.routers[ann.session] == ROOM, "moved")
        batch = {change.session: change for change in w2.batches[before].changes}
        assert set(batch) == {ann.session, bob.session}
        assert (batch[ann.session].router, batch[ann.session].home) == (ROOM, "w1")
        assert batch[bob.session].routes == ()
        assert w1.crossed == w2.crossed == 0


async def test_who_leaves_is_forgotten_by_every_worker_that_knew_them() -> None:
    async with two_workers() as (tiny, w1, w2):
        ann, bob = await spread(tiny, w1, w2)
        await until(lambda: bool(w2.heard(bob.session)), "they hear each other")
        tiny.world.seats._grace = 0.0
        await ann.leave()
        await until(lambda: ann.session in w1.closed and ann.session in w2.closed, "ann is forgotten")


async def test_speakers_of_all_workers_add_up() -> None:
    async with two_workers() as (tiny, w1, w2):
        ann, bob = await spread(tiny, w1, w2)
        cleo = await tiny.join("cleo", (250, 450))
        await tiny.on_air(cleo, "mic", worker=w2)
        await w1.speaking(PUBLIC, ann.session)
        await cleo.expect(m.Speaking, lambda s: s.user_ids == ["ann"])
        await w2.speaking(PUBLIC, bob.session)
        await cleo.expect(m.Speaking, lambda s: s.user_ids == ["ann", "bob"])
        await w1.speaking(PUBLIC)
        await cleo.expect(m.Speaking, lambda s: s.user_ids == ["bob"])


async def test_when_every_worker_is_full_the_newcomer_is_told_so_politely() -> None:
    async with two_workers() as (tiny, w1, w2):
        await w1.heartbeat(load=0.99)
        await w2.heartbeat(load=0.99)
        ann = await tiny.join("ann")
        await ann.send(m.MediaOffer("v=0", {}))
        assert (await ann.expect(m.Error)).code == "worker_full"


async def test_a_dead_worker_is_noticed_because_nobody_answers_and_its_people_go_elsewhere() -> None:
    async with two_workers() as (tiny, w1, w2):
        ann, bob = await spread(tiny, w1, w2)
        started = asyncio.get_running_loop().time()
        w1.stop()
        assert (await ann.expect(m.Error)).code == "media_lost"
        assert asyncio.get_running_loop().time() - started < 10.0
        await until(lambda: w2.heard(bob.session) == set(), "bob hears her no more")
        await tiny.on_air(ann, "mic", worker=w2)
        await until(lambda: w2.heard(bob.session) == {(ann.session, "mic")}, "and again, on his own worker")
        assert w2.homes[ann.session] == ""


async def test_a_worker_that_is_only_slow_to_beat_is_left_alone() -> None:
    async with two_workers() as (tiny, w1, _):
        ann = await tiny.join("ann")
        await tiny.on_air(ann, "mic")
        await asyncio.sleep(c.WORKER_SUSPECT_SECONDS + 0.6)  # it answers, and does not beat
        assert ann.told(m.Error) == []
        assert ann.session in w1.routers


async def test_an_overloaded_worker_keeps_the_near_and_leaves_out_the_far_and_people_are_told() -> None:
    async with TinyWorld() as tiny:
        ann = await tiny.join("ann", (600, 700))
        others = [await tiny.join(f"p{i}", (610 + 10 * i, 700)) for i in range(6)]
        for avatar in (ann, *others):
            await tiny.on_air(avatar, "mic", "camera")
        await until(lambda: len(tiny.worker.heard(ann.session)) == 12, "all are heard and seen")
        await tiny.worker.heartbeat(load=0.86)
        assert (await ann.expect(m.Degraded)).level == "far_video"
        others.sort(key=lambda other: math.dist((ann.x, ann.y), (other.x, other.y)))
        near = {(o.session, "camera") for o in others[:4]} | {(o.session, "mic") for o in others}
        await until(
            lambda: tiny.worker.heard(ann.session) == near,
            lambda: f"the nearest four are seen: {tiny.worker.heard(ann.session) ^ near}",
        )
        late = await tiny.join("late", (600, 710))
        await tiny.on_air(late, "mic")
        assert (await late.expect(m.Degraded)).level == "far_video"
        stage = tiny.world._media._stages._stages["w1"]
        stage._stepped_at -= 60
        await tiny.worker.heartbeat(load=0.93)
        assert (await ann.expect(m.Degraded)).level == "near_video"
        await until(lambda: {s for _, s in tiny.worker.heard(ann.session)} == {"mic"}, "voices only")


async def test_who_comes_back_is_told_what_is_left_out_now() -> None:
    async with TinyWorld(grace=30.0) as tiny:
        ann = await tiny.join("ann", (600, 700))
        await tiny.on_air(ann, "mic")
        await ann.sync()
        assert ann.told(m.Degraded) == []
        await ann.leave()
        await tiny.worker.heartbeat(load=0.86)
        again = await tiny.join("ann", resume=ann.welcome.resume)
        assert again.session == ann.session
        assert (await again.expect(m.Degraded)).level == "far_video"
        fresh = await tiny.join("fresh", (600, 710))
        await fresh.sync()
        assert fresh.told(m.Degraded) == []


# --- drain -------------------------------------------------------------------------------------------


async def move(tiny: TinyWorld, avatar: Avatar, there: FakeWorker, *sources: m.Source) -> None:
    """What a client does when it is asked to move."""
    await avatar.expect(m.MediaMoving)
    await avatar.send(m.MediaOffer("v=0 offer", {}))
    await avatar.expect(m.PublishAnswer)
    await avatar.expect(m.SubscribeOffer)
    await avatar.send(m.MediaAnswer("v=0 answer"))
    for connection in ("publish", "subscribe"):
        await there.connection(avatar.session, connection, "connected")
    await there.produce(avatar.session, *sources)


async def test_a_drained_workers_people_move_without_a_moment_in_which_nobody_carries_them() -> None:
    async with two_workers() as (tiny, w1, w2):
        ann, bob = await tiny.join("ann", (600, 700)), await tiny.join("bob", (700, 700))
        await tiny.on_air(ann, "mic")
        await tiny.on_air(bob, "mic")
        await until(lambda: bool(w1.heard(ann.session)) and bool(w1.heard(bob.session)), "they hear")
        await w2.heartbeat()
        await w1.heartbeat(draining=True)
        await ann.expect(m.MediaMoving)
        ann.seen.append(m.MediaMoving())
        assert w1.closed == []
        await move(tiny, ann, w2, "mic")
        await ann.expect(m.MediaMoved)
        await ann.expect(m.Slots, lambda s: [slot.user_id for slot in s.audio] == ["bob"])
        # Bob is still on w1: both hear each other across, then he comes too.
        await until(lambda: w2.heard(ann.session) == {(bob.session, "mic")}, "ann hears bob from w2")
        await until(lambda: w1.homes.get(ann.session) == "w2", "w1 knows where she is")
        assert w1.heard(bob.session) == {(ann.session, "mic")}
        await until(lambda: ann.session in w1.closed, "w1 lets go of her connections")
        await move(tiny, bob, w2, "mic")
        await bob.expect(m.MediaMoved)
        await until(lambda: w2.heard(bob.session) == {(ann.session, "mic")}, "bob hears ann on w2")
        for avatar in (ann, bob):
            assert avatar.told(m.Error) == []
        assert tiny.world.metrics.media_moves.labels("moved")._value.get() == 2


async def test_a_client_that_does_not_come_stays_and_is_asked_again() -> None:
    async with two_workers() as (tiny, w1, w2):
        ann = await tiny.join("ann")
        await tiny.on_air(ann, "mic")
        await w2.heartbeat()
        await w1.heartbeat(draining=True)
        await ann.expect(m.MediaMoving)
        seated = tiny.world._media._sessions[ann.session]
        assert seated.move is not None
        seated.move.begun_at -= 60
        await until(lambda: seated.move is None, "the move is given up")
        tiny.world._media._moves._later.clear()
        await ann.expect(m.MediaMoving)
        assert seated.link.worker == "w1"


async def test_a_drain_that_is_taken_back_leaves_everybody_where_they_are() -> None:
    async with two_workers() as (tiny, w1, w2):
        ann, bob = await tiny.join("ann"), await tiny.join("bob")
        await tiny.on_air(ann, "mic")
        await w1.heartbeat(draining=True)
        await w1.heartbeat()
        await w2.heartbeat()
        await bob.sync()
        await asyncio.sleep(0.3)
        assert ann.told(m.MediaMoving) == []
        await tiny.on_air(bob, "mic", worker=w1)


async def test_nobody_new_is_put_on_a_drained_worker() -> None:
    async with two_workers() as (tiny, w1, w2):
        await w1.heartbeat(draining=True)
        await w2.heartbeat()
        ann = await tiny.join("ann")
        await tiny.on_air(ann, "mic", worker=w2)
        assert ann.session not in w1.routers


async def test_a_device_on_a_drained_worker_stays_until_that_gives_it_up() -> None:
    async with two_workers() as (tiny, w1, w2):
        seat = Seat("ann", "Ann", "avatar-1", "device", "member", HALL)
        await tiny.world.open_device(seat, SERVER, "v=0", "publish")
        await w2.heartbeat()
        await w1.heartbeat(draining=True)
        await asyncio.sleep(0.3)
        assert w1.closed == []
