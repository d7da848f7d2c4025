"""A real Chromium behind a narrow or lossy path: its pictures and sound go on."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from typing import Any

import pytest
from playwright.async_api import Page

from signaling.control import AcceptPublish, AcceptSlots, Answer, Done, Offer, OfferSlots, ProducerOpened
from tests.integration.test_sfu_chromium import grows, inbound, page
from tests.support.media_worker import EVENTS, WorkerUnderTest, hear, running_worker, until
from tests.support.shaped_path import ShapedPath

__all__ = ["page"]
pytestmark = [pytest.mark.e2e, pytest.mark.soak]


class Heard:
    """Alice publishes without hindrance and watches herself over a shaped path."""

    def __init__(self, sfu: WorkerUnderTest, page: Page, path: ShapedPath) -> None:
        self.sfu, self.page, self.path = sfu, page, path

    async def stats(self) -> dict[str, dict[str, Any]]:
        return await inbound(self.page)

    def rate(self) -> float:
        """bit/s that are given out now."""
        downlink = self.sfu.worker.media.bandwidth.of("alice")
        assert downlink is not None
        return downlink.allocation.used


@pytest.fixture
async def heard(page: Page) -> AsyncIterator[Heard]:
    async with running_worker(plane="native") as sfu:
        path = ShapedPath(sfu.address)
        host, port = await path.start()
        offered = await page.evaluate("publish", False)
        answer = await sfu.expect(AcceptPublish("alice", "hall", EVENTS, offered, {}), Answer)
        await page.evaluate("published", answer.sdp)
        offer = await sfu.expect(OfferSlots("alice", "hall", EVENTS, 1, 1), Offer)
        shaped = re.sub(r"(?m)^a=candidate.* tcp .*\r\n", "", offer.sdp)
        shaped = re.sub(r" udp (\d+) \S+ \d+ typ", rf" udp \1 {host} {port} typ", shaped)
        answered = await page.evaluate("subscribe", shaped)
        await sfu.expect(AcceptSlots("alice", answered), Done)
        await until(lambda: len(sfu.told(ProducerOpened)) == 2, "mic and camera are sent")
        await sfu.routes(("alice", "hall", [hear(0, "alice"), hear(0, "alice", "camera")]))
        await grows(page, "v0", "framesDecoded", 10)
        yield Heard(sfu, page, path)
        await path.close()


async def test_five_percent_of_loss_freezes_no_picture(heard: Heard) -> None:
    heard.path.loss = 0.05
    before = await heard.stats()
    await heard.page.wait_for_timeout(60_000)
    after = await heard.stats()
    assert heard.path.lost > 100
    decoded = after["v0"]["framesDecoded"] - before["v0"]["framesDecoded"]
    freezes = after["v0"]["freezeCount"] - before["v0"]["freezeCount"]
    frozen = after["v0"]["totalFreezesDuration"] - before["v0"]["totalFreezesDuration"]
    concealed = after["a0"]["concealedSamples"] - before["a0"]["concealedSamples"]
    total = after["a0"]["totalSamplesReceived"] - before["a0"]["totalSamplesReceived"]
    print(f"5 % loss: {decoded} frames, {freezes} freezes, {frozen:.2f} s; {concealed / total:.2%} concealed")
    assert frozen <= 0.5 * max(freezes, 1)
    assert decoded > 60 * 8


async def test_a_path_that_becomes_too_narrow_for_the_picture_keeps_the_sound(heard: Heard) -> None:
    heard.path.capacity = 120_000
    await heard.page.wait_for_timeout(5_000)
    before = (await heard.stats())["a0"]
    await heard.page.wait_for_timeout(10_000)
    after = (await heard.stats())["a0"]
    concealed = after["concealedSamples"] - before["concealedSamples"]
    total = after["totalSamplesReceived"] - before["totalSamplesReceived"]
    print(f"120 kbit/s: {concealed / total:.2%} concealed, {heard.rate() / 1e3:.0f} kbit/s given out")
    assert concealed / total < 0.03
    heard.path.capacity = 0
    await grows(heard.page, "v0", "framesDecoded", 20)
