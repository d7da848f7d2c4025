"""A page in a real Chromium that speaks WebRTC with a worker, without the world in between."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web
from playwright.async_api import Page, async_playwright

from tests.support.chromium import FLAGS, chromium, open_page

PAGE = """<!doctype html><script>
const publish = async ({rids = [], width = 320, height = 180, codec = null} = {}) => {
  window.media = await navigator.mediaDevices.getUserMedia({video: {width, height, frameRate: 15}});
  window.sound = new AudioContext();
  const tone = new OscillatorNode(sound, {frequency: 440});
  const out = new MediaStreamAudioDestinationNode(sound);
  tone.connect(out);
  tone.start();
  window.pub = new RTCPeerConnection({bundlePolicy: "max-bundle"});
  pub.addTransceiver(out.stream.getAudioTracks()[0], {direction: "sendonly"});
  const layers = rids.map((rid, i) => ({rid, scaleResolutionDownBy: 2 ** (rids.length - 1 - i)}));
  const [video] = media.getVideoTracks();
  const sendEncodings = rids.length ? layers : [{}];
  const transceiver = pub.addTransceiver(video, {direction: "sendonly", sendEncodings});
  const {sender} = transceiver;
  if (codec) {
    const {codecs} = RTCRtpSender.getCapabilities("video");
    transceiver.setCodecPreferences(codecs.filter(({mimeType}) => [codec, "video/rtx"].includes(mimeType)));
  }
  // On a busy machine pictures become fewer, not smaller: what is sent stays what the test asked for.
  await sender.setParameters({...sender.getParameters(), degradationPreference: "maintain-resolution"});
  pub.createDataChannel("unwanted");
  await pub.setLocalDescription();
  return pub.localDescription.sdp;
};
const published = (sdp) => pub.setRemoteDescription({type: "answer", sdp});
const send = async (rids) => {
  const sender = pub.getSenders().find(({track}) => track?.kind === "video");
  const parameters = sender.getParameters();
  for (const encoding of parameters.encodings) encoding.active = rids.includes(encoding.rid ?? "");
  await sender.setParameters(parameters);
};
// Encode in this codec from now on.
const encode = async (codec) => {
  const sender = pub.getSenders().find(({track}) => track?.kind === "video");
  const parameters = sender.getParameters();
  for (const encoding of parameters.encodings) {
    encoding.codec = parameters.codecs.find(({mimeType}) => mimeType === codec);
  }
  await sender.setParameters(parameters);
};
// `only`: the codec that is taken, of those that are offered.
// The order of codecs in the answer is what a sender obeys.
const speakAs = async (types) => {
  await pub.setLocalDescription();
  const sdp = pub.remoteDescription.sdp.replace(/^(m=audio \\d+ \\S+) .*$/m, `$1 ${types}`);
  await pub.setRemoteDescription({type: "answer", sdp});
};
const subscribe = async (sdp, as = "sub", only = null) => {
  const pc = window[as] = new RTCPeerConnection({bundlePolicy: "max-bundle"});
  pc.addEventListener("track", ({track, transceiver}) => {
    const sink = document.createElement(track.kind);
    sink.id = `${as}-${transceiver.mid}`;
    sink.autoplay = true;
    sink.srcObject = new MediaStream([track]);
    document.body.append(sink);
  });
  await pc.setRemoteDescription({type: "offer", sdp});
  for (const transceiver of only ? pc.getTransceivers() : []) {
    if (transceiver.receiver.track.kind !== "video") continue;
    const {codecs} = RTCRtpReceiver.getCapabilities("video");
    transceiver.setCodecPreferences(codecs.filter(({mimeType}) => [only, "video/rtx"].includes(mimeType)));
  }
  await pc.setLocalDescription();
  return pc.localDescription.sdp;
};
const inbound = async (as = "sub") => {
  const found = {};
  for (const report of (await window[as].getStats()).values()) {
    if (report.type === "inbound-rtp") found[report.mid] = report;
  }
  return found;
};
const shown = {};
// From now on the times (ms) at which this sink shows another picture are written down.
const watch = (id) => {
  const sink = document.getElementById(id), times = shown[id] = [];
  const show = (now) => { times.push(now); sink.requestVideoFrameCallback(show); };
  sink.requestVideoFrameCallback(show);
};
const outbound = async () => [...(await pub.getStats()).values()].filter((r) => r.type === "outbound-rtp");
</script><body></body>"""


@asynccontextmanager
async def media_page() -> AsyncIterator[Page]:
    """The page, open in a Chromium of its own. Raises `NoChromium`."""

    async def index(_: web.Request) -> web.Response:
        return web.Response(text=PAGE, content_type="text/html")

    application = web.Application()
    application.router.add_get("/", index)
    runner = web.AppRunner(application)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    path, environment = chromium()
    async with async_playwright() as driver:
        browser = await driver.chromium.launch(
            executable_path=path, args=FLAGS, env={**os.environ, **environment}
        )
        opened = await open_page(browser)
        await opened.goto(f"http://127.0.0.1:{runner.addresses[0][1]}/")
        yield opened
        await browser.close()
    await runner.cleanup()
