"""Who gets whose media, from what clients say and where they walk to what the worker is told."""

from __future__ import annotations

import asyncio

import pytest

from signaling import control as c
from signaling import messages as m
from tests.support.fake_worker import FakeWorker
from tests.support.tiny_world import ROOM_1, SERVER, Avatar, TinyWorld, until
from world.hearing.slots import AUDIO_SLOTS, SPEAKING_HOLD

PUBLIC = f"{SERVER}:public"


async def on_air(tiny: TinyWorld, *avatars: Avatar) -> None:
    for avatar in avatars:
        await tiny.on_air(avatar, "mic", "camera")


def both(avatar: Avatar) -> set[tuple[str, m.Source]]:
    return {(avatar.session, "mic"), (avatar.session, "camera")}


async def walk(avatar: Avatar, *places: tuple[float, float]) -> None:
    for x, y in places:
        while (avatar.x, avatar.y) != (x, y):
            dx, dy = x - avatar.x, y - avatar.y
            await avatar.step(avatar.x + max(-100.0, min(100.0, dx)), avatar.y + max(-100.0, min(100.0, dy)))


async def test_people_who_meet_in_the_hall_are_routed_to_each_other_and_told_which_slot() -> None:
    async with TinyWorld() as tiny:
        ann, bob = await tiny.join("ann", (200, 700)), await tiny.join("bob", (900, 700))
        await on_air(tiny, ann, bob)
        assert tiny.worker.heard(ann.session) == tiny.worker.heard(bob.session) == set()
        await walk(ann, (700, 700))
        slots = await ann.expect(m.Slots, lambda s: bool(s.audio and s.video))
        assert [(s.user_id, s.source, s.slot) for s in slots.audio + slots.video] == [
            ("bob", "mic", 0),
            ("bob", "camera", 0),
        ]
        assert slots.audio[0].gain == pytest.approx(0.347, abs=0.001)  # 200 px
        await until(lambda: tiny.worker.heard(ann.session) == both(bob), "routes of ann")
        await until(lambda: tiny.worker.heard(bob.session) == both(ann), "routes of bob")
        assert tiny.worker.routes[ann.session].epoch == slots.epoch
        await walk(ann, (200, 700))
        await until(lambda: not tiny.worker.heard(ann.session) and not tiny.worker.heard(bob.session))
        gone = await ann.expect(m.Slots, lambda s: s.epoch > slots.epoch and not s.audio)
        assert gone.video == []


async def test_a_slot_is_reserved_before_one_hears() -> None:
    async with TinyWorld() as tiny:
        ann, bob = await tiny.join("ann", (600, 700)), await tiny.join("bob", (940, 700))
        await on_air(tiny, ann, bob)
        await until(lambda: len(tiny.worker.routes[ann.session].routes) == 2, "reserved slots")
        assert not any(route.active for route in tiny.worker.routes[ann.session].routes)
        assert not any(s.audio or s.video for s in ann.told(m.Slots))


async def test_stepping_into_a_room_moves_router_and_routes_of_all_concerned_in_one_batch() -> None:
    async with TinyWorld() as tiny:
        ann, bob = await tiny.join("ann", (200, 410)), await tiny.join("bob", (300, 500))
        carl = await tiny.join("carl", (50, 50))
        await on_air(tiny, ann, bob, carl)
        await until(lambda: tiny.worker.heard(bob.session) == both(ann), "the hall")
        assert tiny.worker.heard(carl.session) == set()
        before = len(tiny.worker.batches)
        await ann.step(200, 390, "up")
        await until(lambda: tiny.worker.heard(carl.session) == both(ann), "the room")
        batch = tiny.worker.batches[before]
        changes = {change.session: change for change in batch.changes}
        assert set(changes) == {ann.session, bob.session, carl.session}
        assert changes[ann.session].router == f"{SERVER}:{ROOM_1}"
        assert changes[bob.session].routes == ()
        assert {r.session for r in changes[ann.session].routes} == {carl.session}
        slots = await carl.expect(m.Slots, lambda s: bool(s.audio))
        assert slots.audio[0].gain == 1.0
        assert tiny.worker.crossed == 0


async def test_in_a_room_distance_does_not_matter_and_nothing_crosses_its_wall() -> None:
    async with TinyWorld() as tiny:
        ann, bob = await tiny.join("ann", (10, 10)), await tiny.join("bob", (399, 399))
        outside, next_door = await tiny.join("out", (390, 402)), await tiny.join("door", (401, 399))
        await on_air(tiny, ann, bob, outside, next_door)
        await until(lambda: tiny.worker.heard(ann.session) == both(bob), "the room")
        assert tiny.worker.heard(bob.session) == both(ann)
        assert tiny.worker.heard(outside.session) == tiny.worker.heard(next_door.session) == set()
        assert tiny.worker.crossed == 0


async def test_a_client_that_lies_about_its_place_hears_nothing_of_it() -> None:
    async with TinyWorld() as tiny:
        ann, liar = await tiny.join("ann", (200, 200)), await tiny.join("liar", (600, 900))
        await on_air(tiny, ann, liar)
        await liar.send(m.ZoneEntered(ROOM_1))
        await liar.step(200, 210)
        await liar.send(m.Pin("ann"))
        codes = {(await liar.expect(m.Error)).code for _ in range(2)}
        assert codes == {"zone_mismatch", "out_of_hearing"}
        await liar.expect(m.MovedBack)
        await liar.sync()
        assert tiny.worker.heard(liar.session) == set()
        assert not any(liar.session in str(change) for change in tiny.worker.routes[ann.session].routes)


async def test_mute_means_mute_and_mic_only_mode_gets_no_video() -> None:
    async with TinyWorld() as tiny:
        ann, bob = await tiny.join("ann", (600, 700)), await tiny.join("bob", (700, 700))
        await on_air(tiny, ann, bob)
        await until(lambda: tiny.worker.heard(bob.session) == both(ann))
        await ann.send(m.MediaState(mic=False, camera=True))
        await until(lambda: tiny.worker.heard(bob.session) == {(ann.session, "camera")}, "mute")
        await bob.send(m.MediaState(mic=True, camera=True, watch=False))
        await until(lambda: tiny.worker.heard(bob.session) == set(), "no video")
        assert tiny.worker.heard(ann.session) == both(bob)
        await bob.send(m.MediaState(mic=True, camera=True))
        await until(lambda: tiny.worker.heard(bob.session) == {(ann.session, "camera")}, "watching again")


async def test_a_source_that_ends_at_the_worker_leaves_its_slots() -> None:
    async with TinyWorld() as tiny:
        ann, bob = await tiny.join("ann", (600, 700)), await tiny.join("bob", (700, 700))
        await on_air(tiny, ann, bob)
        await until(lambda: tiny.worker.heard(bob.session) == both(ann))
        await tiny.worker.end(ann.session, "camera")
        await until(lambda: tiny.worker.heard(bob.session) == {(ann.session, "mic")}, "the end")


async def test_a_lost_connection_is_heard_by_nobody_at_once_and_a_resume_brings_it_back() -> None:
    async with TinyWorld(grace=5.0) as tiny:
        ann, bob = await tiny.join("ann", (600, 700)), await tiny.join("bob", (700, 700))
        await on_air(tiny, ann, bob)
        await until(lambda: tiny.worker.heard(bob.session) == both(ann))
        await ann.leave()
        await until(lambda: not tiny.worker.heard(bob.session) and not tiny.worker.heard(ann.session))
        assert tiny.worker.closed == []
        again = await tiny.join("ann", resume=ann.welcome.resume)
        await until(lambda: tiny.worker.heard(bob.session) == both(again), "media back without an offer")
        assert tiny.worker.heard(again.session) == both(bob)


async def test_leaving_closes_the_session_at_the_worker() -> None:
    async with TinyWorld(grace=0.0) as tiny:
        ann, bob = await tiny.join("ann", (600, 700)), await tiny.join("bob", (700, 700))
        await on_air(tiny, ann, bob)
        await ann.leave()
        await until(lambda: tiny.worker.closed == [ann.session])
        await until(lambda: tiny.worker.heard(bob.session) == set(), "silence")


async def test_a_publisher_is_told_which_of_its_layers_somebody_receives() -> None:
    async with TinyWorld() as tiny:
        ann, bob = await tiny.join("ann", (600, 700)), await tiny.join("bob", (700, 700))
        await on_air(tiny, ann, bob)
        await tiny.worker.wants(ann.session, "camera", "q", "h")
        assert await ann.expect(m.LayersWanted) == m.LayersWanted("camera", ["q", "h"])
        await tiny.worker.wants(ann.session, "camera")
        assert await ann.expect(m.LayersWanted) == m.LayersWanted("camera", [])
        await bob.sync()
        assert bob.told(m.LayersWanted) == []


async def test_pictures_that_do_not_come_are_named_by_person_to_the_one_who_misses_them() -> None:
    async with TinyWorld() as tiny:
        ann, bob = await tiny.join("ann", (600, 700)), await tiny.join("bob", (700, 700))
        await on_air(tiny, ann, bob)
        await tiny.worker.paused(ann.session, (bob.session, "camera"), ("somebody else", "screen"))
        assert await ann.expect(m.VideoPaused) == m.VideoPaused([m.PausedVideo("bob", "camera")])
        await tiny.worker.paused(ann.session)
        assert await ann.expect(m.VideoPaused) == m.VideoPaused([])
        await bob.sync()
        assert bob.told(m.VideoPaused) == []


async def test_speaking_is_told_to_those_who_hear_it_and_to_nobody_else() -> None:
    async with TinyWorld() as tiny:
        ann, bob = await tiny.join("ann", (600, 700)), await tiny.join("bob", (700, 700))
        far, room = await tiny.join("far", (600, 1200)), await tiny.join("room", (600, 390))
        await on_air(tiny, ann, bob)
        await tiny.worker.speaking(PUBLIC, ann.session)
        assert await bob.expect(m.Speaking) == m.Speaking(["ann"])
        await walk(bob, (1000, 700))
        assert await bob.expect(m.Speaking) == m.Speaking([])
        await tiny.worker.speaking(PUBLIC)
        await ann.sync()
        for avatar in (ann, far, room):
            assert avatar.told(m.Speaking) == []


async def test_who_spoke_last_in_the_hall_is_not_said_to_speak_in_a_room() -> None:
    async with TinyWorld() as tiny:
        ann, bob = await tiny.join("ann", (600, 430)), await tiny.join("bob", (600, 390))
        await on_air(tiny, ann, bob)
        await tiny.worker.speaking(PUBLIC, ann.session)
        await walk(ann, (600, 390))
        await bob.sync()
        await bob.expect(m.Slots)
        assert bob.told(m.Speaking) == []


async def test_who_mutes_the_microphone_stops_speaking() -> None:
    async with TinyWorld() as tiny:
        ann, bob = await tiny.join("ann", (600, 700)), await tiny.join("bob", (700, 700))
        await on_air(tiny, ann, bob)
        await tiny.worker.speaking(PUBLIC, ann.session)
        assert await bob.expect(m.Speaking) == m.Speaking(["ann"])
        await ann.send(m.MediaState(mic=False, camera=False))
        assert await bob.expect(m.Speaking) == m.Speaking([])


async def test_of_more_speakers_than_slots_a_loud_one_is_heard_and_goes_on_to_be() -> None:
    async with TinyWorld() as tiny:
        ann = await tiny.join("ann", (600, 700))
        crowd = [await tiny.join(f"p{i:02}", (700, 700)) for i in range(AUDIO_SLOTS)]
        loud = await tiny.join("loud", (600, 850))
        for avatar in (ann, *crowd, loud):
            await tiny.on_air(avatar, "mic")
        nearest = {(avatar.session, "mic") for avatar in crowd}
        await until(lambda: tiny.worker.heard(ann.session) == nearest, "the nearest are heard")
        speakers = [avatar.session for avatar in (*crowd, loud)]
        levels = (24,) * len(crowd) + (6,)
        await tiny.worker.speaking(PUBLIC, *speakers, levels=levels)
        await until(lambda: (loud.session, "mic") in tiny.worker.heard(ann.session), "the loud one is heard")
        assert len(tiny.worker.heard(ann.session)) == AUDIO_SLOTS
        # Nobody is told again of who simply goes on.
        live = tiny.world.spaces.get(SERVER)
        assert live is not None
        later = asyncio.get_running_loop().time() + 10 * SPEAKING_HOLD
        live.tick(later)
        assert {player.spoke_at for player in live.clients if player.user_id != "ann"} == {later}


# --- workers that fail -------------------------------------------------------------------------------


async def test_sdp_garbage_is_refused_with_the_workers_reason() -> None:
    async with TinyWorld() as tiny:
        ann = await tiny.join("ann")
        await ann.send(m.MediaOffer("garbage", {}))
        error = await ann.expect(m.Error)
        assert (error.code, error.ref) == ("bad_sdp", "media_offer")
        await tiny.on_air(ann, "mic")


async def test_an_answer_without_an_offer_is_told_so() -> None:
    async with TinyWorld() as tiny:
        ann = await tiny.join("ann")
        await ann.send(m.MediaAnswer("v=0"))
        assert (await ann.expect(m.Error)).code == "no_media"


async def test_a_change_of_network_restarts_the_connections_and_nothing_else() -> None:
    async with TinyWorld() as tiny:
        ann, bob = await tiny.join("ann", (200, 700)), await tiny.join("bob", (300, 700))
        await on_air(tiny, ann, bob)
        await until(lambda: tiny.worker.heard(ann.session) == both(bob), "the hall")
        batches = len(tiny.worker.batches)
        await ann.send(m.MediaRestart())
        told = await ann.expect(m.MediaRestarted)
        assert (told.publish.ufrag, told.publish.password) == ("up", "secret")
        assert told.subscribe == m.IceCredentials("down", "hidden")
        assert c.RestartIce(ann.session) in tiny.worker.commands
        await ann.sync()
        assert len(tiny.worker.batches) == batches
        assert tiny.worker.closed == []
        assert tiny.worker.heard(bob.session) == both(ann)


async def test_who_comes_back_in_the_same_session_is_told_all_slots_anew() -> None:
    async with TinyWorld() as tiny:
        ann, bob = await tiny.join("ann", (200, 700)), await tiny.join("bob", (300, 700))
        await on_air(tiny, ann, bob)
        before = await ann.expect(m.Slots, lambda s: bool(s.audio and s.video))
        again = await tiny.join("ann", resume=ann.welcome.resume)  # the older socket is still open
        assert again.session == ann.session
        told = await again.expect(m.Slots, lambda s: bool(s.audio and s.video))
        assert [(s.slot, s.user_id) for s in told.audio] == [(s.slot, s.user_id) for s in before.audio]
        assert tiny.worker.closed == []


async def test_who_has_no_media_or_lost_it_cannot_restart_it() -> None:
    async with TinyWorld() as tiny:
        ann = await tiny.join("ann", (200, 700))
        await ann.send(m.MediaRestart())
        error = await ann.expect(m.Error)
        assert (error.code, error.ref) == ("no_media", "media_restart")
        await on_air(tiny, ann)
        await until(lambda: any(isinstance(o, c.AcceptSlots) for o in tiny.worker.commands), "the slots")
        tiny.worker.routers.clear()  # it has begun anew
        await ann.send(m.MediaRestart())
        error = await ann.expect(m.Error)
        assert (error.code, error.ref) == ("media_lost", "media_restart")


async def test_without_a_worker_one_is_told_and_may_walk_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("world.media.opening.WORKER_WAIT", 0.05)
    async with TinyWorld() as tiny:
        tiny.world._media._placement.bury(1e12)
        ann = await tiny.join("ann", (600, 700))
        await ann.send(m.MediaOffer("v=0", {}))
        assert (await ann.expect(m.Error)).code == "no_media_worker"
        await ann.step(610, 700)
        await ann.sync()
        assert ann.told(m.MovedBack) == []


async def test_an_offer_waits_for_a_worker_that_is_just_starting() -> None:
    async with TinyWorld() as tiny:
        tiny.world._media._placement.bury(1e12)
        ann = await tiny.join("ann")
        await ann.send(m.MediaOffer("v=0", {}))
        await ann.sync()
        await tiny.worker.heartbeat()
        await ann.expect(m.PublishAnswer)


async def test_the_sessions_of_a_dead_worker_offer_again_and_go_to_another() -> None:
    async with TinyWorld() as tiny:
        ann, bob = await tiny.join("ann", (600, 700)), await tiny.join("bob", (700, 700))
        await on_air(tiny, ann, bob)
        tiny.worker.stop()
        other = FakeWorker(tiny.bus, "w2")
        await other.heartbeat()
        # Five seconds without a heartbeat of w1, seen by the world's own housekeeping.
        known = tiny.world._media._placement._workers["w1"]
        known.seen -= c.WORKER_STALE_SECONDS
        for avatar in (ann, bob):
            assert (await avatar.expect(m.Error)).code == "media_lost"
        tiny.worker = other
        epoch = max(s.epoch for s in ann.told(m.Slots))
        await on_air(tiny, ann, bob)
        await until(lambda: other.heard(ann.session) == both(bob), "media on the other worker")
        assert other.routes[ann.session].epoch > epoch
        other.stop()


async def test_a_worker_that_restarted_has_lost_its_sessions() -> None:
    async with TinyWorld() as tiny:
        ann = await tiny.join("ann")
        await tiny.on_air(ann, "mic")
        tiny.worker.started += 1
        await tiny.worker.heartbeat()
        assert (await ann.expect(m.Error)).code == "media_lost"


async def test_a_failed_connection_is_told_to_its_owner() -> None:
    async with TinyWorld() as tiny:
        ann, bob = await tiny.join("ann", (600, 700)), await tiny.join("bob", (700, 700))
        await on_air(tiny, ann, bob)
        await tiny.worker.connection(ann.session, "publish", "failed")
        assert (await ann.expect(m.Error)).code == "media_lost"
        await until(lambda: tiny.worker.heard(bob.session) == set(), "silence")
        await on_air(tiny, ann)
        await until(lambda: tiny.worker.heard(bob.session) == both(ann), "media again")


async def test_a_worker_that_does_not_answer_is_lost_media(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("world.media.opening.REQUEST_SECONDS", 0.05)
    async with TinyWorld() as tiny:
        tiny.worker.stop()

        async def sleep(payload: bytes) -> bytes:
            await asyncio.sleep(1)
            return payload

        stop = tiny.bus.respond(c.worker_topic("w1"), sleep)
        ann = await tiny.join("ann")
        await ann.send(m.MediaOffer("v=0", {}))
        assert (await ann.expect(m.Error)).code == "media_lost"
        stop()


async def test_epochs_grow_over_a_restart_and_stay_exact_in_a_browser() -> None:
    epochs = []
    for _ in range(2):
        async with TinyWorld() as tiny:
            ann = await tiny.join("ann")
            await tiny.on_air(ann, "mic")
            epochs.append(tiny.worker.routes[ann.session].epoch)
    assert 0 < epochs[0] < epochs[1] < 2**53
