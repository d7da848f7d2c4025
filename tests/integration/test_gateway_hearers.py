"""Who hears me, and the echo booth: what the world tells of the media workers' tables, and what it feeds."""

from __future__ import annotations

import msgspec

from signaling import control as c
from signaling import messages as m
from tests.support.tiny_world import Avatar, TinyWorld, until


async def hearers(avatar: Avatar) -> m.Hearers:
    await avatar.send(m.WhoHears())
    return await avatar.expect(m.Hearers)


async def test_who_hears_me_is_who_the_worker_sends_my_voice_to() -> None:
    async with TinyWorld() as tiny:
        ann, bob = await tiny.join("ann", (600, 700)), await tiny.join("bob", (650, 700))
        cat = await tiny.join("cat", (1400, 700))
        for one in (ann, bob, cat):
            await tiny.on_air(one, "mic", "camera")
        await until(lambda: (ann.session, "camera") in tiny.worker.heard(bob.session), "bob sees ann")
        told = await hearers(ann)
        assert told == m.Hearers(["bob"], ["bob"], [], [], complete=True)
        # The worker's table counts, not the rule: what it does not feed is not told.
        tiny.worker.routes.pop(bob.session)
        assert await hearers(ann) == m.Hearers([], [], [], [], complete=True)


async def test_a_worker_that_does_not_answer_is_said_so() -> None:
    async with TinyWorld() as tiny:
        ann = await tiny.join("ann", (600, 700))
        await tiny.on_air(ann, "mic")
        tiny.worker.stop()
        assert not (await hearers(ann)).complete


async def test_how_i_am_served_is_what_my_worker_believes_and_sends() -> None:
    async with TinyWorld() as tiny:
        ann = await tiny.join("ann", (600, 700))
        await tiny.on_air(ann, "mic")
        slots = (
            c.SlotStats("audio", 0, "bob", "mic", True, 9, 900, "", 0),
            c.SlotStats("video", 0, "bob", "camera", True, 9, 900, "h", 1),
            c.SlotStats("video", 1, "cat", "camera", True, 9, 900, "", 0),
            c.SlotStats("video", 2, "dan", "camera", True, 9, 900),  # paused
            c.SlotStats("video", 3, "eve", "camera", False, 0, 0, "q", 0),  # reserved
        )
        served = c.SessionStats(ann.session, "r", 1, (), slots, c.DownlinkStats(800_000, 500_000, 900_000, 1))
        tiny.worker.served[ann.session] = served
        await ann.send(m.AskFigures())
        told = await ann.expect(m.Figures)
        assert (told.estimate, told.given, told.wanted) == (800_000, 500_000, 900_000)
        assert told.layers == [m.SentLayer(0, "h"), m.SentLayer(1, "")]
        unknown = msgspec.structs.replace(served, downlink=c.DownlinkStats(-1, 500_000, 900_000, 0))
        tiny.worker.served[ann.session] = unknown
        await ann.send(m.AskFigures())
        assert (await ann.expect(m.Figures)).estimate is None


async def test_without_figures_nothing_is_told_and_asking_for_them_has_a_bound_of_its_own() -> None:
    async with TinyWorld() as tiny:
        ann = await tiny.join("ann", (600, 700))
        await ann.send(m.AskFigures())  # no media at all
        await tiny.on_air(ann, "mic")
        for _ in range(10):
            await ann.send(m.AskFigures())
        error = await ann.expect(m.Error)
        assert (error.code, error.ref) == ("rate_limited", "figures")
        assert ann.told(m.Figures) == []
        assert (await hearers(ann)).complete


async def test_asking_without_end_is_refused() -> None:
    async with TinyWorld() as tiny:
        ann = await tiny.join("ann", (600, 700))
        for _ in range(10):
            await ann.send(m.WhoHears())
        assert (await ann.expect(m.Error)).code == "rate_limited"


async def test_in_the_booth_my_voice_comes_back_to_me_and_goes_to_nobody_else() -> None:
    async with TinyWorld() as tiny:
        ann, bob = await tiny.join("ann", (600, 700)), await tiny.join("bob", (650, 700))
        for one in (ann, bob):
            await tiny.on_air(one, "mic")
        worker = tiny.worker
        await until(lambda: (ann.session, "mic") in worker.heard(bob.session), "bob hears ann")
        assert (ann.session, "mic") not in worker.heard(ann.session)
        await ann.send(m.MediaState(mic=True, camera=False, booth=True))
        await until(lambda: (ann.session, "mic") in worker.heard(ann.session), "ann hears herself")
        assert (ann.session, "mic") not in worker.heard(bob.session)
        assert (bob.session, "mic") in worker.heard(ann.session)
        own = await ann.expect(m.Slots, lambda s: any(slot.user_id == "ann" for slot in s.audio))
        assert next(slot.gain for slot in own.audio if slot.user_id == "ann") == 1.0
        assert (await bob.expect(m.MediaChanged, lambda c: not c.media.mic)).user_id == "ann"
        await ann.send(m.MediaState(mic=True, camera=False))
        await until(lambda: (ann.session, "mic") in worker.heard(bob.session), "bob hears ann again")
        assert (ann.session, "mic") not in worker.heard(ann.session)
        assert worker.crossed == 0


async def test_muted_in_the_booth_is_muted() -> None:
    async with TinyWorld() as tiny:
        ann = await tiny.join("ann", (100, 100))
        await tiny.on_air(ann, "mic")
        await ann.send(m.MediaState(mic=True, camera=False, booth=True))
        await until(lambda: (ann.session, "mic") in tiny.worker.heard(ann.session), "ann hears herself")
        await ann.send(m.MediaState(mic=False, camera=False, booth=True))
        await until(lambda: not tiny.worker.heard(ann.session), "silence")


async def test_whoever_comes_back_is_not_in_the_booth_any_more() -> None:
    async with TinyWorld() as tiny:
        ann, bob = await tiny.join("ann", (600, 700)), await tiny.join("bob", (650, 700))
        for one in (ann, bob):
            await tiny.on_air(one, "mic")
        await ann.send(m.MediaState(mic=True, camera=False, booth=True))
        await until(lambda: (ann.session, "mic") in tiny.worker.heard(ann.session), "ann hears herself")
        again = await tiny.join("ann")
        await tiny.on_air(again, "mic")
        await until(lambda: (again.session, "mic") in tiny.worker.heard(bob.session), "bob hears ann")
        assert (again.session, "mic") not in tiny.worker.heard(again.session)
