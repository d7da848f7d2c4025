"""Sound and picture of one person stay in step in a real Chromium, whatever was changed just before."""

from __future__ import annotations

import functools
from contextlib import AsyncExitStack

import pytest
from playwright.async_api import Page

from signaling.bus import InProcessBus
from signaling.control import AcceptSlots, Done, Offer, OfferSlots
from tests.support.attempts import once_in
from tests.support.media_page import media_page
from tests.support.media_worker import EVENTS, WorkerUnderTest, hear, running_worker
from tests.support.recorded_people import Crowd, RecordedPerson

pytestmark = pytest.mark.e2e

ROUTER = "s:public"
# The most that sound and picture of one person may be apart (ITU-R BT.1359: noticed from some 90 ms on).
LIPS_MS = 60
# So long somebody is muted, and so long is looked at what follows: reports of a voice are four seconds apart.
MUTED_MS, LISTEN_MS = 4_000, 7_000
# No browser's buffers bring them further apart, however busy the machine; a wrong report does, by seconds.
MISLED_MS = 500
# By how many ms the sound that is played was captured after the picture that is shown.
LIPS = """async (as) => {
  const {a0, v0} = await inbound(as);
  const [sound, picture] = [a0?.estimatedPlayoutTimestamp, v0?.estimatedPlayoutTimestamp];
  return sound === undefined || picture === undefined ? null : sound - picture;
}"""


class Listener:
    """Lisa, with one slot of each kind; `connection` is the page's name of the present one."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.connection = ""
        self.worker: WorkerUnderTest

    async def connect(self, worker: WorkerUnderTest, connection: str) -> None:
        """A new connection to this worker."""
        offer = await worker.expect(OfferSlots("lisa", ROUTER, EVENTS, 1, 1), Offer)
        answer = await self.page.evaluate("([sdp, as]) => subscribe(sdp, as)", [offer.sdp, connection])
        await worker.expect(AcceptSlots("lisa", answer), Done)
        self.worker, self.connection = worker, connection

    async def decoded(self) -> int:
        found = await self.page.evaluate("inbound", self.connection)
        return int(found.get("v0", {}).get("framesDecoded", 0))

    async def watch(self, session: str) -> None:
        """This person in both slots, until their picture has come."""
        before = await self.decoded()
        await self.worker.routes(("lisa", ROUTER, [hear(0, session), hear(0, session, "camera")]))
        for _ in range(400):
            if await self.decoded() > before + 3:
                return
            await self.page.wait_for_timeout(50)
        raise AssertionError(f"no picture of {session}")

    async def mute(self, person: RecordedPerson, muted: bool) -> None:
        """Whom she watches turns the microphone off, or on again; the world routes it accordingly."""
        person.mute(muted)
        voice = [] if muted else [hear(0, person.session)]
        await self.worker.routes(("lisa", ROUTER, [*voice, hear(0, person.session, "camera")]))

    async def apart(self) -> tuple[float, float]:
        """How many ms sound and picture are apart as soon as the browser can tell, and once its buffers,
        which it moves by some ms a second, have settled."""
        seen: list[float] = []
        for _ in range(100):
            lips = await self.page.evaluate(LIPS, self.connection)
            if lips is not None:
                seen.append(abs(float(lips)))
                if len(seen) > 5 and max(seen[-3:]) < LIPS_MS:
                    break
            await self.page.wait_for_timeout(100)
        assert seen, "no sender report of the sound or of the picture has come"
        return seen[0], max(seen[-3:])


async def test_lips_match_after_a_person_was_muted() -> None:
    """Chromium's timestamps of a voice stand still meanwhile, and what it reported before is wrong then."""
    async with AsyncExitStack() as stack:
        worker = await stack.enter_async_context(running_worker(plane="auto"))
        page = await stack.enter_async_context(media_page())
        ann = RecordedPerson("ann", 1, 1)
        crowd = Crowd([ann])
        stack.push_async_callback(crowd.close)
        await crowd.start(worker, ROUTER)
        await worker.routes(("ann", ROUTER, []))
        lisa = Listener(page)
        await lisa.connect(worker, "sub")
        await lisa.watch("ann")
        await lisa.apart()

        async def mute_for_a_while() -> None:
            await lisa.mute(ann, True)
            await page.wait_for_timeout(MUTED_MS)
            await lisa.mute(ann, False)
            furthest = 0.0
            for _ in range(LISTEN_MS // 100):
                await page.wait_for_timeout(100)
                furthest = max(furthest, abs(float(await page.evaluate(LIPS, lisa.connection))))
            _, settled = await lisa.apart()
            print(f"lips apart after a mute (ms, at most and settled): {furthest:.0f}, {settled:.0f}")
            assert furthest < MISLED_MS
            assert settled < LIPS_MS

        await once_in(3, mute_for_a_while)


async def test_lips_match_after_another_person_and_after_another_worker() -> None:
    async with AsyncExitStack() as stack:
        bus = InProcessBus()
        stack.push_async_callback(bus.close)
        near = await stack.enter_async_context(running_worker("near", bus=bus, plane="auto"))
        far = await stack.enter_async_context(running_worker("far", bus=bus, plane="auto"))
        page = await stack.enter_async_context(media_page())
        here = Crowd([RecordedPerson("ann", 1, 1), RecordedPerson("bob", 2, 1)])
        there = Crowd([RecordedPerson("cat", 3, 1)])
        for crowd, worker in ((here, near), (there, far)):
            stack.push_async_callback(crowd.close)
            await crowd.start(worker, ROUTER)
        await near.routes(("ann", ROUTER, []), ("bob", ROUTER, []))
        await far.routes(("cat", ROUTER, []))
        await near.routes(("cat", ROUTER, []), home="far")
        await far.routes(("ann", ROUTER, []), ("bob", ROUTER, []), home="near")
        lisa = Listener(page)

        told: list[tuple[str, int, int]] = []

        async def change(person: str) -> None:
            await lisa.watch(person)
            first, settled = await lisa.apart()
            told.append((f"{person} at {lisa.worker.worker.name}", round(first), round(settled)))
            assert settled < LIPS_MS, told

        for worker, persons in ((near, ("ann", "bob", "cat", "ann")), (far, ("cat", "bob"))):
            await lisa.connect(worker, worker.worker.name)
            for person in persons:
                await once_in(3, functools.partial(change, person))
        print("lips apart (ms, at once and settled):", told)
