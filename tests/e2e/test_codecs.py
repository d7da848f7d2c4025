"""A player that takes one codec comes near two people with cameras: all see, and VP8 is back when it goes."""

from __future__ import annotations

import asyncio

import pytest
from playwright.async_api import Browser

from tests.e2e.people import Person, ada_and_bob
from tests.support.atrium_server import AtriumServer

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]

# A device in this page that plays (WHEP) and takes one video codec.
PLAY = """
async ([path, ticket, codec]) => {
  const pc = window.__player = new RTCPeerConnection({ bundlePolicy: "max-bundle" });
  pc.addTransceiver("audio", { direction: "recvonly" });
  const { codecs } = RTCRtpReceiver.getCapabilities("video");
  for (let faces = 0; faces < 2; faces++) {
    pc.addTransceiver("video", { direction: "recvonly" }).setCodecPreferences(
      codecs.filter(({ mimeType }) => [codec, "video/rtx"].includes(mimeType)));
  }
  await pc.setLocalDescription();
  const headers = { Authorization: `Bearer ${ticket}`, "Content-Type": "application/sdp" };
  const answer = await fetch(path, { method: "POST", headers, body: pc.localDescription.sdp });
  await pc.setRemoteDescription({ type: "answer", sdp: await answer.text() });
  window.__stop = () => fetch(answer.headers.get("Location"), { method: "DELETE", headers });
}
"""
SEES_BOTH = """
window.__player.getStats().then((reports) => [...reports.values()].filter(
  ({ type, framesDecoded }) => type === "inbound-rtp" && framesDecoded > 20).length === 2)
"""
# What the page's cameras are sent in now.
SENT = """
async () => {
  const found = new Set();
  for (const pc of window.__pcs) {
    const reports = await pc.getStats();
    for (const { type, framesPerSecond, codecId } of reports.values()) {
      if (type === "outbound-rtp" && framesPerSecond > 0) found.add(reports.get(codecId).mimeType);
    }
  }
  return [...found];
}
"""
CAN = """(codec) => [RTCRtpSender, RTCRtpReceiver].every(
  (side) => side.getCapabilities("video").codecs.some(({ mimeType }) => mimeType === codec))"""


async def until_sent(person: Person, codec: str, seconds: float = 30.0) -> None:
    end = asyncio.get_running_loop().time() + seconds
    while (sent := await person.page.evaluate(SENT)) != [codec]:
        assert asyncio.get_running_loop().time() < end, f"{person.username} sends {sent}, not {codec}"
        await asyncio.sleep(0.2)


async def test_a_player_of_one_codec_sees_those_near_it_who_see_each_other_on(
    atrium: AtriumServer, browsers: dict[str, Browser]
) -> None:
    async with ada_and_bob(atrium, browsers) as (ada, bob):
        codec = "video/H264" if await ada.page.evaluate(CAN, "video/H264") else "video/VP9"
        made = await ada.create_server("Cinema")
        await asyncio.gather(ada.enter(made["id"]), bob.enter(made["id"]))
        await asyncio.gather(ada.walk_to(300, 560), bob.walk_to(400, 560))
        await asyncio.gather(ada.speak_and_show(), bob.speak_and_show())
        await asyncio.gather(ada.until_receiving(), bob.until_receiving())
        await until_sent(ada, "video/VP8")

        hall = next(zone for zone in made["zones"] if zone["name"] == "Hall")
        place = {"play": True, "x": 350.0, "y": 560.0}
        ticket = await bob.post(f"/api/zones/{hall['id']}/ticket", place)
        await bob.page.evaluate(PLAY, [f"/whep/{hall['id']}", ticket["ticket"], codec])
        await bob.until(SEES_BOTH)
        await asyncio.gather(until_sent(ada, codec), until_sent(bob, codec))
        await asyncio.gather(ada.until_receiving(), bob.until_receiving())

        await bob.page.evaluate("window.__stop()")
        await asyncio.gather(until_sent(ada, "video/VP8"), until_sent(bob, "video/VP8"))
        await asyncio.gather(ada.until_receiving(), bob.until_receiving())
        assert ada.problems == bob.problems == []
