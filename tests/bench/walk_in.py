"""From walking into range to the first decoded frame and the first sound, in two real Chromium pages.

Ada stands in the Hall and sends; Bob walks from 345 px away to 280 px and back, again and again. The clock
starts in Bob's page at the first frame in which his distance is below the hearing radius, and stops when
his browser's own statistics count a further decoded frame and rising audio energy.
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

WATCH_ARRIVAL = """
async (radius) => {
  const distance = () => {
    const you = window.atrium.you(), other = window.atrium.players()[0];
    return other ? Math.hypot(you.x - other.x, you.y - other.y) : Infinity;
  };
  while (distance() >= radius) await new Promise(requestAnimationFrame);
  const start = performance.now();
  const before = await window.__received();
  let video = null, audio = null;
  while (performance.now() - start < 5000 && (video === null || audio === null)) {
    const now = await window.__received();
    if (video === null && now.video > before.video) video = performance.now() - start;
    if (audio === null && now.energy > before.energy) audio = performance.now() - start;
    await new Promise((done) => setTimeout(done, 8));
  }
  return [video, audio];
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
                ada = await (await Person.arrive(server, browser)).sign_up()
                bob = await (await Person.arrive(server, browser)).sign_up()
                home = await ada.create_server()
                await ada.enter(home["id"])
                await bob.enter(home["id"])
                await ada.speak_and_show()
                await ada.walk_to(300, LANE)
                video, audio = [], []
                for _ in range(ROUNDS):
                    await bob.walk_to(645, LANE)
                    await bob.until_silent()
                    watching = asyncio.create_task(bob.page.evaluate(WATCH_ARRIVAL, 300))
                    await bob.walk_to(580, LANE)
                    seen, heard = await watching
                    if seen is None or heard is None:
                        raise SystemExit(f"nothing arrived within 5 s: video {seen}, audio {heard}")
                    video.append(seen)
                    audio.append(heard)
                await browser.close()
    for name, values in (("first decoded frame", video), ("first audio", audio)):
        print(
            f"{name}: median {statistics.median(values):.0f} ms, p95 {p95(values):.0f} ms, "
            f"max {max(values):.0f} ms ({len(values)} arrivals)"
        )


def main() -> None:
    asyncio.run(measure())


if __name__ == "__main__":
    main()
