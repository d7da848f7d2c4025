"""What the world page costs a browser: time to the first world, a frame among 100 avatars, and idling.

One real Chromium, measured by its own counters (`Performance.getMetrics`: seconds of the page's main thread,
by what they were spent on). The 100 avatars are players that the page is told of by messages put into its own
WebSocket; they walk as ticks say. Without a graphics card the canvas is painted in software on the same
thread: that part is told apart, since a card does it elsewhere.
"""

from __future__ import annotations

import asyncio
import os
import tempfile
import time
from pathlib import Path
from typing import Any

from playwright.async_api import CDPSession, async_playwright

from tests.e2e.people import Person
from tests.support.atrium_server import AtriumServer
from tests.support.chromium import FLAGS, chromium

AVATARS = 100
WALK_SECONDS = 6.0
IDLE_SECONDS = 10.0
BUDGET_MS = 16.7
PARTS = ("ScriptDuration", "RecalcStyleDuration", "LayoutDuration", "TaskDuration")

# The page's WebSocket, so that the bench can say what the world would say.
LISTEN = """
window.__sockets = [];
const Plain = window.WebSocket;
window.WebSocket = class extends Plain {
  constructor(...given) { super(...given); window.__sockets.push(this); }
};
"""
TELL = """
(messages) => {
  const socket = window.__sockets.at(-1);
  for (const message of messages) {
    socket.dispatchEvent(new MessageEvent("message", { data: JSON.stringify(message) }));
  }
}
"""
WALK = """
async ([seconds, count]) => {
  const socket = window.__sockets.at(-1);
  const say = (message) =>
    socket.dispatchEvent(new MessageEvent("message", { data: JSON.stringify(message) }));
  let frames = 0;
  let on = true;
  const frame = () => { frames += 1; if (on) requestAnimationFrame(frame); };
  requestAnimationFrame(frame);
  const start = performance.now();
  while (performance.now() - start < seconds * 1000) {
    const turn = (performance.now() - start) / 1000;
    const moved = [];
    for (let i = 0; i < count; i += 1) {
      const x = 90 + (i % 20) * 40 + 30 * Math.sin(turn + i);
      const y = 330 + Math.floor(i / 20) * 50 + 15 * Math.cos(turn + i);
      moved.push([`crowd${i}`, x, y, Math.cos(turn + i) > 0 ? "right" : "left"]);
    }
    say({ type: "players", moved });
    await new Promise((done) => setTimeout(done, 50));
  }
  on = false;
  return frames;
}
"""


def crowd() -> dict[str, Any]:
    looks = ("maple", "river", "saffron", "juniper", "ember", "flint", "indigo", "olive", "hazel", "onyx")
    joined = [
        {
            "user_id": f"crowd{i}",
            "name": f"Walker {i}",
            "avatar": looks[i % len(looks)],
            "presence": "walker",
            "x": 90 + (i % 20) * 40,
            "y": 330 + i // 20 * 50,
            "direction": "down",
            "zone_id": None,
            "media": {"mic": i % 3 == 0, "camera": False, "screen": False},
            "showing": {"status": "available", "seated": False},
        }
        for i in range(AVATARS)
    ]
    return {"type": "players", "joined": joined}


async def counters(cdp: CDPSession) -> dict[str, float]:
    """The main thread's seconds, by what they were spent on."""
    metrics = (await cdp.send("Performance.getMetrics"))["metrics"]
    return {one["name"]: one["value"] for one in metrics}


async def first_world(person: Person, server_id: str) -> float:
    """Seconds from the address to an avatar that can walk."""
    start = time.perf_counter()
    await person.page.goto(f"/s/{server_id}", wait_until="commit")
    await person.until("Boolean(window.atrium && window.atrium.you())")
    return time.perf_counter() - start


async def measure() -> None:
    path, environment = chromium()
    with tempfile.TemporaryDirectory() as folder, AtriumServer(Path(folder) / "data") as server:
        async with async_playwright() as driver:
            browser = await driver.chromium.launch(
                executable_path=path, args=FLAGS, env={**os.environ, **environment}
            )
            ada = await (
                await Person.arrive(server, browser, viewport={"width": 1440, "height": 900})
            ).sign_up()
            await ada.context.add_init_script(LISTEN)
            home = await ada.create_server()
            await ada.post(f"/api/servers/{home['id']}/join")
            cold = await first_world(ada, home["id"])
            await ada.in_world()
            warm = await first_world(ada, home["id"])
            await ada.in_world()
            print(f"first world: {cold:.2f} s with an empty cache, {warm:.2f} s again (to reach: 3 s)")
            cdp = await ada.context.new_cdp_session(ada.page)
            # CPU time of the thread: others may use this machine too.
            await cdp.send("Performance.enable", {"timeDomain": "threadTicks"})
            await asyncio.sleep(2)
            await report_idle(ada, cdp, "alone")
            await ada.page.evaluate(TELL, [crowd()])
            await asyncio.sleep(3)
            await report_idle(ada, cdp, f"among {AVATARS} who stand")
            before = await counters(cdp)
            frames = await ada.page.evaluate(WALK, [WALK_SECONDS, AVATARS])
            after = await counters(cdp)
            spent = {name: (after[name] - before[name]) * 1000 / frames for name in PARTS}
            ours = spent["ScriptDuration"] + spent["RecalcStyleDuration"] + spent["LayoutDuration"]
            print(
                f"a frame among {AVATARS} who walk: script {spent['ScriptDuration']:.1f} ms, style and "
                f"layout {ours - spent['ScriptDuration']:.1f} ms, together {ours:.1f} ms "
                f"(budget {BUDGET_MS} ms); "
                f"with painting in software {spent['TaskDuration']:.1f} ms, "
                f"{frames / WALK_SECONDS:.0f} frames/s"
            )
            await browser.close()


async def report_idle(person: Person, cdp: CDPSession, what: str) -> None:
    before = await counters(cdp)
    await asyncio.sleep(IDLE_SECONDS)
    after = await counters(cdp)
    spent = {
        name: 100 * (after[name] - before[name]) / IDLE_SECONDS for name in ("ScriptDuration", "TaskDuration")
    }
    print(
        f"idle, {what}: {spent['ScriptDuration']:.1f} % script, {spent['TaskDuration']:.1f} % of the main "
        "thread (to reach: 3 % script)"
    )


def main() -> None:
    asyncio.run(measure())


if __name__ == "__main__":
    main()
