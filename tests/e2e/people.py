"""People with browsers: sign up, enter, walk, look at what they really receive.

What somebody receives is read from the browser's own statistics and audio, through a record of the page's
RTCPeerConnections that is made before the page's code runs; the page is not asked for its opinion.
"""

from __future__ import annotations

import asyncio
import itertools
import math
import struct
import wave
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.async_api import Browser, BrowserContext, Page

from tests.e2e import album
from tests.support.atrium_server import AtriumServer
from tests.support.chromium import open_page

PASSWORD = "correct horse battery"
_numbers = itertools.count(1)

# Records every RTCPeerConnection of the page, and listens at the loudspeaker: whatever the page connects to
# an AudioContext's destination is also connected to an analyser. (The browser's own totalAudioEnergy is
# measured behind the volume of the media element, which is muted where WebAudio does the playing.)
WATCH = """
window.__pcs = [];
window.RTCPeerConnection = class extends RTCPeerConnection {
  constructor(...args) { super(...args); window.__pcs.push(this); }
};
window.__ears = new Map();
window.__energy = 0;
const connect = AudioNode.prototype.connect;
AudioNode.prototype.connect = function (target, ...rest) {
  if (target instanceof AudioDestinationNode) {
    let ear = window.__ears.get(target.context);
    if (!ear) {
      ear = target.context.createAnalyser();
      ear.fftSize = 8192;
      ear.smoothingTimeConstant = 0;
      window.__ears.set(target.context, ear);
      const apart = target.context.createChannelSplitter(2);
      ear.sides = [0, 1].map((side) => {
        const one = target.context.createAnalyser();
        one.fftSize = 8192;
        one.smoothingTimeConstant = 0;
        connect.call(apart, one, side);
        return one;
      });
      ear.apart = apart;
    }
    connect.call(this, ear);
    connect.call(this, ear.apart);
  }
  return connect.call(this, target, ...rest);
};
setInterval(() => {
  for (const [context, ear] of window.__ears) {
    if (context.state !== "running") continue;
    const wave = new Float32Array(2048);
    ear.getFloatTimeDomainData(wave);
    window.__energy += wave.reduce((sum, x) => sum + x * x, 0) / wave.length;
  }
}, 40);
window.__received = async () => {
  let video = 0, audio = 0, packets = 0;
  for (const pc of window.__pcs) {
    if (pc.connectionState === "closed") continue;
    for (const report of (await pc.getStats()).values()) {
      if (report.type !== "inbound-rtp") continue;
      packets += report.packetsReceived || 0;
      if (report.kind === "video") video += report.framesDecoded || 0;
      else audio += report.packetsReceived || 0;
    }
  }
  return { video, audio, packets, energy: window.__energy };
};
// The loudest level (dB) of a frequency at the loudspeaker within so many ms.
window.__level = async (hz, ms) => {
  let loudest = -Infinity;
  const end = performance.now() + ms;
  while (performance.now() < end) {
    await new Promise((done) => setTimeout(done, 40));
    for (const [context, ear] of window.__ears) {
      const bins = new Float32Array(ear.frequencyBinCount);
      ear.getFloatFrequencyData(bins);
      const at = Math.round(hz * ear.fftSize / context.sampleRate);
      loudest = Math.max(loudest, bins[at - 1], bins[at], bins[at + 1]);
    }
  }
  return Math.max(loudest, -200);
};
// The same for the left and the right ear.
window.__sides = async (hz, ms) => {
  const loudest = [-200, -200];
  const end = performance.now() + ms;
  while (performance.now() < end) {
    await new Promise((done) => setTimeout(done, 40));
    for (const [context, ear] of window.__ears) {
      ear.sides.forEach((one, side) => {
        const bins = new Float32Array(one.frequencyBinCount);
        one.getFloatFrequencyData(bins);
        const at = Math.round(hz * one.fftSize / context.sampleRate);
        loudest[side] = Math.max(loudest[side], bins[at - 1], bins[at], bins[at + 1]);
      });
    }
  }
  return loudest;
};
"""
# Watches the sound's energy at the loudspeaker: the longest time without any, in ms.
WATCH_GAPS = """
window.__gap = { last: performance.now(), energy: window.__energy, longest: 0 };
window.__gapTimer ??= setInterval(() => {
  const gap = window.__gap, now = performance.now();
  if (window.__energy - gap.energy > 1e-7) { gap.last = now; gap.energy = window.__energy; }
  gap.longest = Math.max(gap.longest, now - gap.last);
}, 20);
"""
# A voice of the fake microphone swells and fades: so long it is nearly silent by itself (ms).
BREATH_MS = 400
# A voice of a fake microphone is at −20 dB or so near by; what leaks from another voice's bins is below −80.
HEARD_DB = -55.0
SILENT_DB = -70.0
SILENT_ENERGY = 1e-6


@dataclass
class Received:
    """Sums over everything that a page has received so far."""

    video: int  # frames decoded
    audio: int  # packets
    energy: float  # at the loudspeaker
    packets: int

    def __sub__(self, other: Received) -> Received:
        return Received(
            self.video - other.video,
            self.audio - other.audio,
            self.energy - other.energy,
            self.packets - other.packets,
        )


# What a browser remembers of an earlier visit.
BEEN_HERE = "localStorage.setItem('atrium.checked', 'yes'); localStorage.setItem('atrium.tour', 'done');"


@dataclass
class Person:
    """Somebody with an account and a browser context of their own."""

    server: AtriumServer
    context: BrowserContext
    page: Page
    username: str
    problems: list[str] = field(default_factory=list)

    @classmethod
    async def arrive(
        cls, server: AtriumServer, browser: Browser, newcomer: bool = False, **options: Any
    ) -> Person:
        """A stranger at the door: a fresh context, no account. Only a `newcomer` has not been through the
        check of devices and the tour."""
        context = await browser.new_context(
            base_url=server.url,
            permissions=["microphone", "camera"],
            viewport=options.pop("viewport", {"width": 1024, "height": 640}),
            **options,
        )
        await context.add_init_script(WATCH)
        if album.KEPT:
            await context.add_init_script(album.PLAIN_NAMES)
        if not newcomer:
            await context.add_init_script(BEEN_HERE)
        page = await open_page(context)
        person = cls(server, context, page, f"person{next(_numbers)}")
        page.on("pageerror", lambda error: person.problems.append(str(error)))
        page.on(
            "console",
            lambda message: person.problems.append(message.text) if message.type == "error" else None,
        )
        return person

    # --- HTTP, with the context's cookies --------------------------------------------------------

    async def post(self, path: str, body: object = None, expect: int | None = None) -> Any:
        answer = await self.context.request.post(
            path, data=body if body is not None else {}, headers={"Origin": self.server.url}
        )
        if expect is not None:
            assert answer.status == expect, f"{path}: {answer.status} {await answer.text()}"
        else:
            assert answer.ok, f"{path}: {answer.status} {await answer.text()}"
        return await answer.json() if (await answer.body()) else None

    async def get(self, path: str) -> Any:
        answer = await self.context.request.get(path)
        assert answer.ok, f"{path}: {answer.status} {await answer.text()}"
        return await answer.json()

    async def sign_up(self) -> Person:
        await self.post("/api/auth/signup", {"username": self.username, "password": PASSWORD})
        return self

    async def wear(self, avatar: str, name: str | None = None) -> Person:
        """Another look, and the name that others see."""
        changed = {"avatar": avatar} | ({} if name is None else {"display_name": name})
        answer = await self.context.request.patch(
            "/api/auth/me", data=changed, headers={"Origin": self.server.url}
        )
        assert answer.ok, f"{answer.status} {await answer.text()}"
        return self

    async def create_server(self, name: str = "Home", map_name: str = "office") -> dict[str, Any]:
        created: dict[str, Any] = await self.post("/api/servers", {"name": name, "map": map_name})
        return created

    # --- the world -------------------------------------------------------------------------------

    async def enter(self, server_id: str) -> Person:
        """Join the server and open its world, media connected."""
        await self.post(f"/api/servers/{server_id}/join")
        await self.page.goto(f"/s/{server_id}")
        await self.in_world()
        return self

    async def in_world(self) -> None:
        await self.until("Boolean(window.atrium && window.atrium.you())")
        await self.until("window.atrium.mediaState() === 'connected'")

    async def until(self, expression: str, seconds: float = 60.0) -> None:
        """Wait until this JavaScript is true in the page (the driver's own wait is forbidden by our CSP)."""
        end = asyncio.get_running_loop().time() + seconds
        while not await self.page.evaluate(expression):
            assert asyncio.get_running_loop().time() < end, f"{self.username}: never {expression}"
            await asyncio.sleep(0.05)

    async def speak_and_show(self) -> None:
        """Microphone and camera on."""
        await self.page.evaluate("window.atrium.media.setMic(true)")
        await self.page.evaluate("window.atrium.media.setCamera(true)")

    async def walk_to(self, x: float, y: float) -> None:
        """Walk there as a double-click would; returns on arrival."""
        await self.page.evaluate("([x, y]) => window.atrium.walkTo(x, y)", [x, y])
        you = await self.you()
        assert math.dist((you["x"], you["y"]), (x, y)) < 4, f"{self.username} stands at {you}"

    async def you(self) -> dict[str, Any]:
        you: dict[str, Any] = await self.page.evaluate("window.atrium.you()")
        return you

    async def gain_of(self, other: Person) -> float:
        gains: dict[str, float] = await self.page.evaluate("window.atrium.gains()")
        return gains.get((await other.you())["user_id"], 0.0)

    # --- what really arrives ---------------------------------------------------------------------

    async def received(self) -> Received:
        return Received(**await self.page.evaluate("window.__received()"))

    async def receives(self, seconds: float) -> Received:
        """What arrives within the next `seconds`."""
        before = await self.received()
        await asyncio.sleep(seconds)
        return await self.received() - before

    async def until_receiving(self, video: bool = True, audio: bool = True, seconds: float = 30.0) -> None:
        """Wait until frames are decoded and voices heard. Raises AssertionError with the figures."""
        async with asyncio.timeout(seconds + 5):
            end = asyncio.get_running_loop().time() + seconds
            while True:
                got = await self.receives(0.5)
                if (got.video > 0 or not video) and (got.energy > 0 or not audio):
                    return
                assert asyncio.get_running_loop().time() < end, f"{self.username} receives only {got}"

    async def until_receiving_packets(self, seconds: float = 30.0) -> None:
        """Wait until RTP arrives, whether or not anything of it is played."""
        end = asyncio.get_running_loop().time() + seconds
        while not (await self.receives(0.5)).packets:
            assert asyncio.get_running_loop().time() < end, f"{self.username} receives nothing"

    async def until_silent(self, what: str = "packets", seconds: float = 20.0) -> None:
        """Wait until nothing of `what` (a field of Received) comes for half a second."""
        end = asyncio.get_running_loop().time() + seconds
        while getattr(await self.receives(0.5), what) > SILENT_ENERGY:
            assert asyncio.get_running_loop().time() < end, f"{self.username} still receives {what}"

    async def level(self, hz: float, seconds: float = 1.5) -> float:
        """The loudest level (dB) of this frequency at the page's loudspeaker within the time."""
        level: float = await self.page.evaluate(f"window.__level({hz}, {seconds * 1000})")
        return level

    async def sides(self, hz: float, seconds: float = 1.5) -> tuple[float, float]:
        """The loudest level (dB) of this frequency at the left and the right ear."""
        left, right = await self.page.evaluate(f"window.__sides({hz}, {seconds * 1000})")
        return left, right

    async def until_hears(self, hz: float, seconds: float = 30.0) -> None:
        """Wait until this frequency is played. Raises AssertionError with its level when it is not."""
        end = asyncio.get_running_loop().time() + seconds
        while (level := await self.level(hz, 1.0)) < HEARD_DB:
            assert asyncio.get_running_loop().time() < end, f"{self.username} has {hz} Hz at {level:.0f} dB"

    async def hears_nothing_of(self, hz: float) -> bool:
        """Is this frequency absent, at the latest after some seconds?

        A browser conceals the end of a stream for a moment by playing on what it heard last.
        """
        for _ in range(12):
            if await self.level(hz, 1.5) < SILENT_DB:
                return True
        return False

    async def leave(self) -> None:
        await self.context.close()


@asynccontextmanager
async def ada_and_bob(
    server: AtriumServer, browsers: dict[str, Browser], **options: Any
) -> AsyncIterator[tuple[Person, Person]]:
    """Both, with accounts, at the door; they leave at the end."""
    ada, bob = [
        await (await Person.arrive(server, browsers[name], **options)).sign_up() for name in ("ada", "bob")
    ]
    try:
        yield ada, bob
    finally:
        await ada.leave()
        await bob.leave()


async def watch_gaps(*people: Person) -> None:
    """From now on silence at their loudspeakers is measured."""
    for person in people:
        await person.page.evaluate(WATCH_GAPS)


async def longest_gap(*people: Person) -> float:
    """ms without a sound since `watch_gaps`, of whoever had the longest."""
    return max([float(await person.page.evaluate("window.__gap.longest")) for person in people])


def write_tone(path: Path, hz: float, seconds: float = 4.0, rate: int = 48_000) -> Path:
    """A WAV for Chromium's fake microphone: the tone swells and fades as speech does.

    A steady tone would be taken for noise by the browser's noise suppression, and removed.
    """
    frames = bytearray()
    for i in range(int(seconds * rate)):
        t = i / rate
        swell = 0.5 - 0.5 * math.cos(2 * math.pi * 2.5 * t)
        frames += struct.pack("<h", int(24_000 * swell * math.sin(2 * math.pi * hz * t)))
    with wave.open(str(path), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(rate)
        out.writeframes(bytes(frames))
    return path
