"""What a real Chromium encodes, a real Chromium decodes behind the worker: every codec that is forwarded."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest

from sfu.forward import Plane
from signaling.control import AcceptPublish, AcceptSlots, Answer, Done, Offer, OfferSlots, ProducerOpened
from tests.support.media_page import media_page
from tests.support.media_worker import EVENTS, hear, running_worker, until

pytestmark = pytest.mark.e2e

CAN = """(codec) => [RTCRtpSender, RTCRtpReceiver].every(
  (side) => side.getCapabilities("video").codecs.some(({mimeType}) => mimeType === codec))"""
CODEC = """async () => {
  const reports = await sub.getStats();
  const video = [...reports.values()].find(({type, mid}) => type === "inbound-rtp" && mid === "v0");
  return reports.get(video?.codecId)?.mimeType;
}"""


@pytest.mark.parametrize(
    ("codec", "plane"),
    [
        ("video/VP8", "auto"),
        ("video/VP9", "auto"),
        ("video/AV1", "auto"),
        ("video/H264", "auto"),
        ("video/VP9", "python"),
    ],
)
async def test_a_picture_of_every_codec_is_decoded_behind_the_worker(codec: str, plane: Plane) -> None:
    async with media_page() as page, running_worker(plane=plane) as sfu:
        if not await page.evaluate(CAN, codec):
            pytest.skip(f"this Chromium has no {codec}")
        offered = await page.evaluate("publish", {"codec": codec})
        answer = await sfu.expect(AcceptPublish("alice", "hall", EVENTS, offered, {}), Answer)
        await page.evaluate("published", answer.sdp)
        offer = await sfu.expect(OfferSlots("alice", "hall", EVENTS, 1, 1), Offer)
        await sfu.expect(AcceptSlots("alice", await page.evaluate("subscribe", offer.sdp)), Done)
        await until(lambda: len(sfu.told(ProducerOpened)) == 2, "mic and camera are sent")

        async def decoded() -> int:
            found: dict[str, dict[str, Any]] = await page.evaluate("inbound()")
            return int(found.get("v0", {}).get("framesDecoded", 0))

        # The second time the picture begins in the middle: only a keyframe that was asked for starts it.
        for _ in range(2):
            before = await decoded()
            await sfu.routes(("alice", "hall", [hear(0, "alice", "camera")]))
            for _ in range(400):
                if await decoded() >= before + 15:
                    break
                await page.wait_for_timeout(50)
            assert await decoded() >= before + 15, f"no picture of {codec}"
            assert await page.evaluate(CODEC) == codec
            await sfu.routes(("alice", "hall", []))


@pytest.mark.parametrize(("plane", "rids"), [("auto", ["q", "h", "f"]), ("python", [])])
async def test_a_publisher_changes_its_codec_while_it_sends(plane: Plane, rids: list[str]) -> None:
    """Who decodes both sees a moment's pause at most; who does not sees nothing until it changes back."""
    async with media_page() as page, running_worker(plane=plane) as sfu:
        size = {"width": 960, "height": 540} if rids else {}
        offered = await page.evaluate("publish", {"rids": rids, **size})
        answer = await sfu.expect(AcceptPublish("alice", "hall", EVENTS, offered, {}), Answer)
        await page.evaluate("published", answer.sdp)
        for name, only in (("both", None), ("vp8", "video/VP8"), ("vp9", "video/VP9")):
            offer = await sfu.expect(OfferSlots(name, "hall", EVENTS, 1, 1), Offer)
            answered = await page.evaluate(
                "([sdp, as, only]) => subscribe(sdp, as, only)", [offer.sdp, name, only]
            )
            await sfu.expect(AcceptSlots(name, answered), Done)
        await until(lambda: len(sfu.told(ProducerOpened)) == 2, "mic and camera are sent")
        await sfu.routes(*((name, "hall", [hear(0, "alice", "camera")]) for name in ("both", "vp8", "vp9")))

        async def decoded(name: str) -> int:
            found: dict[str, dict[str, Any]] = await page.evaluate("inbound", name)
            return int(found.get("v0", {}).get("framesDecoded", 0))

        async def sees(name: str) -> None:
            before = await decoded(name)
            for _ in range(200):
                if await decoded(name) >= before + 10:
                    return
                await page.wait_for_timeout(50)
            raise AssertionError(f"{name} sees nothing")

        await sees("both")
        await sees("vp8")
        assert await decoded("vp9") == 0
        await page.evaluate("watch", "both-v0")
        for codec, sees_it, blind in (("video/VP9", "vp9", "vp8"), ("video/VP8", "vp8", "vp9")):
            await page.evaluate("encode", codec)
            await sees(sees_it)
            await sees("both")
            before = await decoded(blind)
            await sees("both")
            assert await decoded(blind) == before
        times = await page.evaluate("shown['both-v0']")
        longest = max(later - earlier for earlier, later in pairwise(times))
        print(f"{plane} {rids}: longest pause at a change {longest:.0f} ms")
        assert longest < 4000  # some 200 ms on a machine that is not busy
