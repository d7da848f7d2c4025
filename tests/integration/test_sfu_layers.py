"""A real Chromium that sends three layers through a worker: changing between them is not seen, and layers
that nobody receives are not sent."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest
from playwright.async_api import Page

from sfu.routing.layers import BEST, Layers
from sfu.routing.pausing import PAUSE_SECONDS
from signaling.control import (
    AcceptPublish,
    AcceptSlots,
    Answer,
    ConnectionChanged,
    Done,
    LayersWanted,
    Offer,
    OfferSlots,
)
from tests.support.attempts import once_in
from tests.support.media_page import media_page
from tests.support.media_worker import EVENTS, WorkerUnderTest, hear, running_worker, until

pytestmark = pytest.mark.e2e

SIZE = {"width": 960, "height": 540}
# Long enough for the browser to notice a freeze: three times a picture's usual time, and 150 ms more.
SETTLE_MS = 800
# The most that sound and picture of one person may be apart (ITU-R BT.1359: noticed from some 90 ms on).
LIPS_MS = 60


# The longest time (s) within so many ms in which the page sends no picture of any layer.
LONGEST_PAUSE = """async (ms) => {
  let count = -1, at = performance.now(), longest = 0;
  for (const end = at + ms; performance.now() < end; ) {
    const sent = (await outbound()).reduce((sum, { framesSent }) => sum + (framesSent ?? 0), 0);
    if (sent !== count) {
      longest = Math.max(longest, count < 0 ? 0 : performance.now() - at);
      [count, at] = [sent, performance.now()];
    }
    await new Promise((done) => setTimeout(done, 10));
  }
  return longest / 1000;
}"""


@pytest.fixture
async def sfu() -> AsyncIterator[WorkerUnderTest]:
    async with running_worker() as under_test:
        yield under_test


@pytest.fixture
async def page() -> AsyncIterator[Page]:
    async with media_page() as opened:
        yield opened


@dataclass
class Seen:
    """Alice's camera in her own slot v5."""

    sfu: WorkerUnderTest
    page: Page

    async def start(self) -> None:
        sfu, page = self.sfu, self.page
        offered = await page.evaluate("publish", {"rids": ["q", "h", "f"], **SIZE})
        answer = await sfu.expect(AcceptPublish("alice", "hall", EVENTS, offered, {}), Answer)
        await page.evaluate("published", answer.sdp)
        offer = await sfu.expect(OfferSlots("alice", "hall", EVENTS, 12, 12), Offer)
        answered = await page.evaluate("subscribe", offer.sdp)
        await sfu.expect(AcceptSlots("alice", answered), Done)
        await until(lambda: len(sfu.told(ConnectionChanged)) == 2, "both connections")
        await until(
            lambda: all(layer.flows for layer in self.camera.layers) and len(self.camera.layers) == 3,
            "three layers",
            60.0,
        )

    @property
    def camera(self) -> Layers:
        sources = self.sfu.worker.media.sources.values()
        return next(source for source in sources if source.source == "camera")

    @property
    def slot(self) -> int:
        slots = self.sfu.worker.media.slots.values()
        return next(slot.handle for slot in slots if (slot.kind, slot.index) == ("video", 5))

    async def watch(self, active: bool = True) -> None:
        """Sound and picture in one pair of slots: the browser plays them in step."""
        routes = [hear(5, "alice", source, active) for source in ("camera", "mic")]
        await self.sfu.routes(("alice", "hall", routes))

    async def report(self, mid: str = "v5") -> dict[str, Any]:
        found: dict[str, dict[str, Any]] = await self.page.evaluate("inbound()")
        return found.get(mid, {})

    async def width(self, wanted: int) -> None:
        """Wait until pictures of this width are decoded."""
        for _ in range(800):
            if (await self.report()).get("frameWidth") == wanted:
                return
            await self.page.wait_for_timeout(25)
        raise AssertionError(f"no picture of {wanted} px: {await self.report()}")

    async def lips(self) -> float:
        """By how many ms the sound that is played was captured after the picture that is shown."""
        for _ in range(100):  # the sound's clock is known after its first report, within four seconds
            found: dict[str, dict[str, Any]] = await self.page.evaluate("inbound()")
            sound, picture = (found.get(mid, {}).get("estimatedPlayoutTimestamp") for mid in ("a5", "v5"))
            if sound is not None and picture is not None:
                return float(sound) - float(picture)
            await self.page.wait_for_timeout(100)
        raise AssertionError("no sender report of the sound or of the picture has come")

    async def in_step(self) -> float:
        """How many ms sound and picture are apart, once they are in step: the browser's buffers, which grow
        while a machine is busy, take a second or two to settle."""
        apart = await self.lips()
        for _ in range(40):
            if abs(apart) < LIPS_MS:
                break
            await self.page.wait_for_timeout(100)
            apart = await self.lips()
        return apart

    async def changes(self) -> None:
        """Up and down through the layers. Raises AssertionError where that was to be seen."""
        media = self.sfu.worker.media
        media.select(self.slot, 0)
        await self.width(240)
        apart = [await self.in_step()]
        before, requests = await self.report(), self.sfu.metric("atrium_sfu_keyframe_requests_total")
        for layer, width, hold in (
            (1, 480, True),
            (2, 960, True),
            (0, 240, True),
            (2, 960, True),
            (0, 240, False),
        ):
            media.select(self.slot, layer, hold=hold)
            await self.width(width)
            await self.page.wait_for_timeout(SETTLE_MS)
            apart.append(await self.in_step())
        after = await self.report()
        seconds = (after["timestamp"] - before["timestamp"]) / 1000
        asked = self.sfu.metric("atrium_sfu_keyframe_requests_total") - requests
        print(
            f"lips apart by {[round(ms) for ms in apart]} ms, {asked / seconds:.2f} PLI/s, "
            f"{after['framesDropped'] - before['framesDropped']} of "
            f"{after['framesDecoded'] - before['framesDecoded']} pictures dropped"
        )
        assert after["freezeCount"] == before["freezeCount"]
        assert after["framesDropped"] - before["framesDropped"] <= 2
        assert after["pliCount"] == before["pliCount"]
        assert max(map(abs, apart)) < LIPS_MS
        assert asked / seconds <= 2

    async def sent(self) -> dict[str, int]:
        """How many pictures were sent of each layer."""
        reports = await self.page.evaluate("outbound()")
        return {report["rid"]: report["framesSent"] for report in reports if "rid" in report}


async def test_changing_between_layers_is_not_seen(sfu: WorkerUnderTest, page: Page) -> None:
    seen = Seen(sfu, page)
    await seen.start()
    await seen.watch()
    await seen.width(960)
    await once_in(4, seen.changes)


async def test_temporal_layers_are_left_out_and_come_back(sfu: WorkerUnderTest, page: Page) -> None:
    seen = Seen(sfu, page)
    await seen.start()
    await seen.watch()
    await seen.width(960)
    await until(lambda: seen.camera.layers[2].temporal_layers == 3, "three temporal layers are measured")

    async def part() -> float:
        """Which part of the pictures sent are decoded."""
        await page.wait_for_timeout(300)
        sent, got = (await seen.sent())["f"], (await seen.report())["framesDecoded"]
        await until_sent(sent + 24)
        return float(((await seen.report())["framesDecoded"] - got) / ((await seen.sent())["f"] - sent))

    async def until_sent(count: int) -> None:
        for _ in range(400):
            if (await seen.sent())["f"] >= count:
                return
            await page.wait_for_timeout(50)
        raise AssertionError("the camera stands still")

    for temporal, lowest, highest in ((2, 0.85, 1.1), (0, 0.15, 0.35), (1, 0.4, 0.6), (2, 0.85, 1.1)):
        sfu.worker.media.select(seen.slot, BEST, temporal)

        async def is_between(low: float = lowest, high: float = highest) -> None:
            decoded = await part()
            print(f"decoded of the pictures sent: {decoded:.2f}")
            assert low < decoded < high

        await once_in(5, is_between)
    await seen.width(960)
    got = await seen.report()
    assert (got["pliCount"], got["nackCount"]) == (0, 0)


async def test_a_layer_that_nobody_receives_is_not_sent_and_comes_back_at_once(
    sfu: WorkerUnderTest, page: Page
) -> None:
    seen = Seen(sfu, page)
    await seen.start()
    await seen.watch()
    await seen.width(960)
    media = sfu.worker.media
    media.select(seen.slot, 1)
    await until(
        lambda: [event.rids for event in sfu.told(LayersWanted)][-1:] == [("q", "h")],
        "the high layer is not wanted",
        PAUSE_SECONDS + 3,
    )
    await page.evaluate("send", ["q", "h"])
    await until(lambda: not seen.camera.layers[2].flows, "the high layer stops")
    before = await seen.sent()
    await page.wait_for_timeout(300)
    after = await seen.sent()
    assert after["f"] == before["f"]
    assert after["h"] > before["h"]

    media.select(seen.slot, BEST)
    await until(lambda: sfu.told(LayersWanted)[-1].rids == ("q", "h", "f"), "all are wanted again")
    froze = (await seen.report())["totalFreezesDuration"]
    pausing = asyncio.create_task(page.evaluate(LONGEST_PAUSE, 3000))
    await page.evaluate("send", ["q", "h", "f"])
    await seen.width(960)
    paused = await pausing
    frozen = (await seen.report())["totalFreezesDuration"] - froze
    print(f"frozen for {frozen:.2f} s, no picture sent for {paused:.2f} s")
    # The browser sets its encoders up anew; while it sends nothing there is nothing to show.
    assert frozen < paused + 0.5

    await sfu.routes(("alice", "hall", []))
    await until(lambda: sfu.told(LayersWanted)[-1].rids == (), "nobody watches", PAUSE_SECONDS + 3)
