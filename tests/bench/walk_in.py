"""From walking into range to the first decoded frame and the first sound, in two real Chromium pages.

Ada stands in the Hall and sends; Bob walks from 345 px away to 280 px and back, again and again. The clock
starts in Bob's page at the first frame in which his distance is below the hearing radius. Pictures are
counted as they leave the decoder, sound when it is played out, not by statistics, which are up to 50 ms old.
The same is measured with media connections that are negotiated anew on every arrival.
"""

from __future__ import annotations

import asyncio
import os
import statistics
import tempfile
from pathlib import Path

from playwright.async_api import async_playwright

from tests.e2e.people import Person, write_tone
from tests.support.atrium_server import AtriumServer
from tests.support.chromium import FLAGS, chromium

ROUNDS = 20
LANE = 560.0
# Maps are drawn without a GPU here: large ones would take the processor that the media need.
SMALL = {"width": 400, "height": 300}
# The world takes no more offers of one client than one in so many seconds, in the long run.
OFFER_PAUSE = 5.0
STAGES = (
    "the slots are told",
    "a picture has come in",
    "first decoded frame",
    "it is drawn",
    "first audio",
)

# Written down as it happens: what this page says to the world and hears of it. Before the page's own code.
RECORD = """
window.__said = { slots: [] };
window.WebSocket = class extends WebSocket {
  constructor(...args) {
    super(...args);
    this.addEventListener("message", ({ data }) => {
      const message = JSON.parse(data);
      if (message.type === "slots") window.__said.slots.push([performance.now(), message]);
    });
  }
};
"""

# Looks at the receivers of slot 0 themselves: every decoded picture, every bit of sound that was played out.
WATCH_SLOTS = """
() => {
  const pc = window.__pcs.findLast((one) => one.connectionState !== "closed"
    && one.getTransceivers().some(({ mid }) => mid === "v0"));
  const receiver = (mid) => pc.getTransceivers().find((one) => one.mid === mid).receiver;
  window.__pictures = [];
  window.__sound = receiver("a0");
  const { track } = receiver("v0");
  // When they came in is told with pictures that are drawn only, so they are: in a corner of the page.
  window.__came = [];
  const drawn = Object.assign(document.createElement("video"), { muted: true, autoplay: true });
  drawn.style = "position: fixed; bottom: 0; right: 0; width: 32px; height: 18px; z-index: 99";
  drawn.srcObject = new MediaStream([track]);
  document.body.append(drawn);
  const look = (now, { receiveTime }) => {
    window.__came.push([performance.now(), receiveTime]);
    if (window.__came.length > 100) window.__came.shift();
    drawn.requestVideoFrameCallback(look);
  };
  drawn.requestVideoFrameCallback(look);
  const frames = new MediaStreamTrackProcessor({ track }).readable.getReader();
  const next = async () => {
    for (;;) {
      const { value: frame, done } = await frames.read();
      if (done) return;
      window.__pictures.push(performance.now());
      if (window.__pictures.length > 100) window.__pictures.shift();
      frame.close();
    }
  };
  void next();
}
"""

# How long (ms) sound and picture waited in the browser's buffers, and were meant to, on average.
BUFFERS = """
async () => {
  const told = [];
  for (const pc of window.__pcs) {
    if (pc.connectionState === "closed") continue;
    for (const one of (await pc.getStats()).values()) {
      if (one.type !== "inbound-rtp" || !one.jitterBufferEmittedCount) continue;
      const mean = (sum) => Math.round(1000 * sum / one.jitterBufferEmittedCount);
      const [was, meant] = [one.jitterBufferDelay, one.jitterBufferTargetDelay].map(mean);
      told.push(`${one.kind} ${was} ms of ${meant} ms meant`);
    }
  }
  return "  in the browser's buffers: " + told.join("; ");
}
"""

# Answers with ms since the first drawn picture in which the other is near: [slots, picture came in, picture
# decoded, picture drawn, sound played].
WATCH_ARRIVAL = """
async ([radius, renegotiate]) => {
  const other = () => window.atrium.players()[0];
  const away = (x, y) => other() ? Math.hypot(x - other().x, y - other().y) : Infinity;
  const distance = () => away(window.atrium.you().x, window.atrium.you().y);
  window.__said = { slots: [] };
  while (distance() >= radius) await new Promise(requestAnimationFrame);
  const start = performance.now();
  if (renegotiate) void window.atrium.media.start([], { mic: false, camera: false });
  let picture, drawn, sound, watched = !renegotiate;
  while (performance.now() - start < 15000 && !(picture && (drawn || renegotiate) && sound)) {
    if (!watched && window.__pcs.at(-1).getTransceivers().some(({ mid }) => mid === "v0")) {
      watched = true;
      window.__watchSlots();
    }
    if (watched) {
      picture = window.__pictures.find((at) => at > start);
      drawn = window.__came.find(([at]) => at > start);
      sound = window.__sound.getSynchronizationSources()
        .find(({ timestamp }) => timestamp - performance.timeOrigin > start);
    }
    if (sound) window.__soundAt ??= performance.now();
    await new Promise((done) => setTimeout(done, 2));
  }
  const soundAt = window.__soundAt;
  window.__soundAt = undefined;
  if (!(picture && (drawn || renegotiate) && sound)) return null;
  const slots = window.__said.slots.find(([, { audio }]) => audio.length > 0);
  const stages = [slots?.[0], drawn?.[1], picture, drawn?.[0], soundAt];
  return stages.map((at) => at === undefined ? null : at - start);
}
"""


def p95(values: list[float]) -> float:
    return sorted(values)[min(len(values) - 1, round(0.95 * (len(values) - 1)))]


async def measure() -> None:
    path, environment = chromium()
    with tempfile.TemporaryDirectory() as folder:
        wav = write_tone(Path(folder) / "tone.wav", 440)
        args = [*FLAGS, f"--use-file-for-fake-audio-capture={wav}"]
        with AtriumServer(Path(folder) / "data") as server:
            async with async_playwright() as driver:
                browser = await driver.chromium.launch(
                    executable_path=path, args=args, env={**os.environ, **environment}
                )
                ada = await (await Person.arrive(server, browser, viewport=SMALL)).sign_up()
                bob = await (await Person.arrive(server, browser, viewport=SMALL)).sign_up()
                await bob.context.add_init_script(RECORD)
                home = await ada.create_server()
                await ada.enter(home["id"])
                await bob.enter(home["id"])
                await ada.speak_and_show()
                await ada.walk_to(300, LANE)
                await bob.page.evaluate(
                    f"() => {{ window.__watchSlots = {WATCH_SLOTS}; window.__watchSlots(); }}"
                )
                arrivals = [await arrival(bob, False) for _ in range(ROUNDS)]
                print_table("with slots that are there already", arrivals)
                print(await bob.page.evaluate(BUFFERS))
                arrivals = [await arrival(bob, True) for _ in range(ROUNDS // 3)]
                print_table("with a connection that is negotiated on arrival", arrivals)
                await browser.close()


async def arrival(bob: Person, renegotiate: bool) -> list[float | None]:
    """Walk into range once; when what happened, in ms."""
    await bob.walk_to(645, LANE)
    await bob.until_silent()
    if renegotiate:
        await asyncio.sleep(OFFER_PAUSE)
    watching = asyncio.create_task(bob.page.evaluate(WATCH_ARRIVAL, [300, renegotiate]))
    await bob.walk_to(580, LANE)
    seen: list[float | None] | None = await watching
    if seen is None:
        raise SystemExit("nothing arrived within 15 s")
    return seen


def print_table(name: str, arrivals: list[list[float | None]]) -> None:
    print(f"{name} ({len(arrivals)} arrivals; ms since the picture in which they are near)")
    for stage, values in zip(STAGES, zip(*arrivals, strict=True), strict=True):
        known = [value for value in values if value is not None]
        if known:
            print(
                f"  {stage:<26} median {statistics.median(known):4.0f}   p95 {p95(known):4.0f}"
                f"   max {max(known):4.0f}"
            )


def main() -> None:
    asyncio.run(measure())


if __name__ == "__main__":
    main()
