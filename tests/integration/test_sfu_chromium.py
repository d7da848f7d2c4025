"""A real Chromium against a worker: its own SDP, ICE, DTLS and RTP, without the world in between."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web
from playwright.async_api import Page, async_playwright

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
from tests.support.chromium import FLAGS, chromium
from tests.support.media_worker import EVENTS, WorkerUnderTest, hear, running_worker, until

pytestmark = pytest.mark.e2e

PAGE = """<!doctype html><script>
const publish = async (simulcast) => {
  window.media = await navigator.mediaDevices.getUserMedia({video: {width: 320, height: 180}});
  window.sound = new AudioContext();
  const tone = new OscillatorNode(sound, {frequency: 440});
  const out = new MediaStreamAudioDestinationNode(sound);
  tone.connect(out);
  tone.start();
  window.pub = new RTCPeerConnection({bundlePolicy: "max-bundle"});
  pub.addTransceiver(out.stream.getAudioTracks()[0], {direction: "sendonly"});
  const encodings = simulcast ? ["q", "h", "f"].map((rid) => ({rid})) : [{}];
  pub.addTransceiver(media.getVideoTracks()[0], {direction: "sendonly", sendEncodings: encodings});
  pub.createDataChannel("unwanted");
  await pub.setLocalDescription();
  return pub.localDescription.sdp;
};
const published = (sdp) => pub.setRemoteDescription({type: "answer", sdp});
const subscribe = async (sdp) => {
  window.sub = new RTCPeerConnection({bundlePolicy: "max-bundle"});
  sub.addEventListener("track", ({track}) => {
    const sink = document.createElement(track.kind);
    sink.autoplay = true;
    sink.srcObject = new MediaStream([track]);
    document.body.append(sink);
  });
  await sub.setRemoteDescription({type: "offer", sdp});
  await sub.setLocalDescription();
  return sub.localDescription.sdp;
};
const inbound = async () => {
  const found = {};
  for (const report of (await sub.getStats()).values()) {
    if (report.type === "inbound-rtp") found[report.mid] = report;
  }
  return found;
};
const outbound = async () => [...(await pub.getStats()).values()].filter((r) => r.type === "outbound-rtp");
</script><body></body>"""


@pytest.fixture
async def sfu() -> AsyncIterator[WorkerUnderTest]:
    async with running_worker() as under_test:
        yield under_test


@pytest.fixture
async def page() -> AsyncIterator[Page]:
    async def index(_: web.Request) -> web.Response:
        return web.Response(text=PAGE, content_type="text/html")

    application = web.Application()
    application.router.add_get("/", index)
    runner = web.AppRunner(application)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    path, environment = chromium()
    async with async_playwright() as driver:
        browser = await driver.chromium.launch(
            executable_path=path, args=FLAGS, env={**os.environ, **environment}
        )
        opened = await browser.new_page()
        await opened.goto(f"http://127.0.0.1:{runner.addresses[0][1]}/")
        yield opened
        await browser.close()
    await runner.cleanup()


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
    offered = await page.evaluate("publish", simulcast)
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
    # Our sender reports arrive and make sense: Chromium tells the round trip out of them, and lips match.
    got = await inbound(page)
    assert got["v5"]["freezeCount"] == 0
    assert got["v5"]["packetsLost"] == 0
    assert set(got) <= {"a3", "v5"} | {mid for mid, report in got.items() if report["packetsReceived"] == 0}
    # What we report up arrives as well: the answer's one layer is all that is sent.
    sent = [report for report in await page.evaluate("outbound()") if report.get("framesEncoded")]
    assert len(sent) == 1
    assert sent[0]["pliCount"] >= 1
    await sfu.routes(("alice", "hall", []))
    before = (await inbound(page))["v5"]["packetsReceived"]
    await page.wait_for_timeout(300)
    assert (await inbound(page))["v5"]["packetsReceived"] <= before + 1
    assert sfu.metric("atrium_sfu_transport_feedback_sent_total") > 5
    assert sfu.metric("atrium_sfu_transport_feedback_received_total") > 5
    assert sfu.metric("atrium_sfu_rtcp_malformed_total") == 0
