"""A real Chromium against a worker: its own SDP, ICE, DTLS and RTP, without the world in between."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from playwright.async_api import Page

from sfu.forward import Plane
from sfu.forward.planes import planes
from signaling.control import (
    AcceptPublish,
    AcceptSlots,
    Answer,
    ConnectionChanged,
    Done,
    Offer,
    OfferSlots,
    ProducerOpened,
)
from tests.support.media_page import media_page
from tests.support.media_worker import EVENTS, WorkerUnderTest, hear, running_worker, until

pytestmark = pytest.mark.e2e


@pytest.fixture
async def sfu() -> AsyncIterator[WorkerUnderTest]:
    async with running_worker() as under_test:
        yield under_test


@pytest.fixture
async def page() -> AsyncIterator[Page]:
    async with media_page() as opened:
        yield opened


async def inbound(page: Page) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = await page.evaluate("inbound()")
    return found


async def grows(page: Page, mid: str, what: str, by: float) -> None:
    """Wait until this statistic of the m-line has grown."""
    before = (await inbound(page)).get(mid, {}).get(what, 0)
    for _ in range(400):
        if (await inbound(page)).get(mid, {}).get(what, 0) >= before + by:
            return
        await page.wait_for_timeout(50)
    raise AssertionError(f"{what} of {mid} stayed at {before}: {(await inbound(page)).get(mid)}")


@pytest.mark.parametrize("simulcast", [False, True], ids=["one layer", "simulcast offered"])
async def test_chromium_hears_and_sees_itself_through_the_worker(
    sfu: WorkerUnderTest, page: Page, simulcast: bool
) -> None:
    offered = await page.evaluate("publish", {"rids": ["q", "h", "f"] if simulcast else []})
    answer = await sfu.expect(AcceptPublish("alice", "hall", EVENTS, offered, {}), Answer)
    await page.evaluate("published", answer.sdp)
    offer = await sfu.expect(OfferSlots("alice", "hall", EVENTS, 12, 12), Offer)
    answered = await page.evaluate("subscribe", offer.sdp)
    await sfu.expect(AcceptSlots("alice", answered), Done)
    await until(lambda: len(sfu.told(ConnectionChanged)) == 2, "both connections")
    await until(lambda: len(sfu.told(ProducerOpened)) == 2, "mic and camera are sent")
    assert len(sfu.worker.media.slots) == 24
    await sfu.routes(("alice", "hall", [hear(3, "alice"), hear(5, "alice", "camera")]))
    await grows(page, "v5", "framesDecoded", 10)
    await grows(page, "a3", "totalAudioEnergy", 0.0001)
    # What was lost on the way into a busy browser has come again.
    for _ in range(200):
        got = await inbound(page)
        if got["v5"]["packetsLost"] == 0:
            break
        await page.wait_for_timeout(50)
    assert got["v5"]["packetsLost"] == 0
    assert set(got) <= {"a3", "v5"} | {mid for mid, report in got.items() if report["packetsReceived"] == 0}
    # What we report up arrives as well. A picture of 320 × 180 has one layer, whatever is offered.
    sent = [report for report in await page.evaluate("outbound()") if report.get("framesEncoded")]
    assert len(sent) == 1
    assert sent[0]["pliCount"] >= 1
    # Feedback flows both ways while media does.
    async with asyncio.timeout(30):
        for way in ("sent", "received"):
            while sfu.metric(f"atrium_sfu_transport_feedback_{way}_total") <= 5:
                await asyncio.sleep(0.1)
    await sfu.routes(("alice", "hall", []))
    # From this turn on the slot sends nothing, and what it has sent is all that ever arrives. (Chromium's own
    # count is up to 50 ms old, so that it may still grow, but never beyond.)
    media = sfu.worker.media
    slot = next(slot.handle for slot in media.slots.values() if (slot.kind, slot.index) == ("video", 5))
    forwarded = media.forwarder.slot_state(slot).packets
    await page.wait_for_timeout(400)
    assert media.forwarder.slot_state(slot).packets == forwarded
    # Padding that probes the path comes as retransmission, and may go on.
    came = (await inbound(page))["v5"]
    assert came["packetsReceived"] - came.get("retransmittedPacketsReceived", 0) <= forwarded
    assert sfu.metric("atrium_sfu_rtcp_malformed_total") == 0


@pytest.mark.parametrize("plane", list(planes()))
async def test_where_no_udp_passes_chromium_comes_by_tcp(page: Page, plane: Plane) -> None:
    def without_udp(sdp: str) -> str:
        return "".join(
            line for line in sdp.splitlines(True) if not line.startswith("a=candidate") or " tcp " in line
        )

    async with running_worker(plane=plane) as sfu:
        offered = await page.evaluate("publish", False)
        answer = await sfu.expect(AcceptPublish("alice", "hall", EVENTS, offered, {}), Answer)
        await page.evaluate("published", without_udp(answer.sdp))
        offer = await sfu.expect(OfferSlots("alice", "hall", EVENTS, 1, 1), Offer)
        answered = await page.evaluate("subscribe", without_udp(offer.sdp))
        await sfu.expect(AcceptSlots("alice", answered), Done)
        await until(lambda: len(sfu.told(ConnectionChanged)) == 2, "both connections", 60.0)
        await until(lambda: len(sfu.told(ProducerOpened)) == 2, "mic and camera are sent", 60.0)
        assert sfu.metric("atrium_sfu_tcp_connections") >= 2
        await sfu.routes(("alice", "hall", [hear(0, "alice"), hear(0, "alice", "camera")]))
        await grows(page, "v0", "framesDecoded", 10)
        await grows(page, "a0", "totalAudioEnergy", 0.0001)
