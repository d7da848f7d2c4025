"""Photographs of what the first minute does not show: talk, lists, other maps, a lost line, meetings, /admin.

They prove nothing that other tests do not, but that nothing sticks out; they are taken by `make screenshots`.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, ViewportSize, expect

from tests.e2e.album import KEPT, LOOKS, SIZES, photograph, photograph_at, photograph_both
from tests.e2e.people import Person, ada_and_bob
from tests.e2e.test_chat import line, open_chat, picture, say
from tests.e2e.test_meeting import SHARED, join
from tests.support.atrium_server import AtriumServer
from tests.support.chromium import open_page

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.skipif(not KEPT, reason="taken by `make screenshots`"),
]
ALBUM = Path(KEPT or "")
PLAN = Path(__file__).resolve().parents[2] / "maps" / "templates" / "office" / "thumbnail.png"
LANE = 560.0
DESK, PHONE = SIZES[0], SIZES[-1]
VIEW: ViewportSize = {"width": DESK[0], "height": DESK[1]}
# The page's way to the world is cut, and stays so.
CUT = """
window.__sockets = [];
const Plain = window.WebSocket;
window.WebSocket = class extends Plain {
  constructor(...given) {
    super(window.__cut ? "ws://127.0.0.1:9" : given[0]);
    window.__sockets.push(this);
  }
};
"""


@dataclass
class Pair:
    """Ada and Bob side by side in the Office, heard and seen."""

    ada: Person
    bob: Person
    server_id: str


@pytest.fixture(scope="module")
def lantern(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AtriumServer]:
    """A server of its own: the first to sign up there may look at /admin."""
    with AtriumServer(tmp_path_factory.mktemp("lantern")) as server:
        yield server


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def pair(lantern: AtriumServer, browsers: dict[str, Browser]) -> AsyncIterator[Pair]:
    async with ada_and_bob(lantern, browsers, viewport=VIEW) as (ada, bob):
        await ada.wear(LOOKS["ada"], "Ada Lovelace")
        await bob.wear(LOOKS["bob"], "Bob")
        await ada.context.add_init_script(CUT)
        made = await ada.create_server("Lantern Guild")
        await asyncio.gather(ada.enter(made["id"]), bob.enter(made["id"]))
        await asyncio.gather(ada.walk_to(300, LANE), bob.walk_to(400, LANE))
        await asyncio.gather(ada.speak_and_show(), bob.speak_and_show())
        await asyncio.gather(ada.until_receiving(), bob.until_receiving())
        yield Pair(ada, bob, made["id"])


async def test_chat(pair: Pair) -> None:
    page, bob = pair.ada.page, pair.bob.page
    await open_chat(page, "Everyone")
    await open_chat(bob, "Everyone")
    await say(bob, "Good morning! The plan for today: https://example.org/plan")
    await say(page, "I like it. Shall we meet in Room 1 at ten?")
    await bob.locator(".write input[type=file]").set_input_files(PLAN)
    await say(bob, "Yes. This is how it could look:")
    await expect(picture(page, "Yes. This is how it could look:")).to_be_visible()
    theirs = line(page, "Yes. This is how it could look:")
    await theirs.hover()
    await theirs.get_by_role("button", name="React").click()
    await theirs.get_by_role("group", name="React").get_by_role("button", name="Heart").click()
    await expect(theirs.locator(".reaction")).to_be_visible()
    await open_chat(bob, "Hall")
    await say(bob, "Anybody for coffee?")
    await page.mouse.move(10, 10)
    for size in SIZES[:-1]:
        await photograph_at(page, ALBUM, "chat", size)
    # On a phone the panel is a sheet that one opens.
    await page.set_viewport_size({"width": PHONE[0], "height": PHONE[1]})
    await page.locator("#panel-toggle").click()
    await open_chat(page, "Everyone")
    await photograph_at(page, ALBUM, "chat", PHONE)


async def test_lists(pair: Pair) -> None:
    page = pair.ada.page
    for tab, name in (("People", "people"), ("Rooms", "rooms")):
        for size in SIZES:
            await page.set_viewport_size({"width": size[0], "height": size[1]})
            if size == PHONE:  # where the panel is a sheet that one opens
                await expect(page.locator("#side")).to_be_hidden()
                await page.locator("#panel-toggle").click()
            await page.get_by_role("tab", name=tab).click()
            await photograph_at(page, ALBUM, name, size)
    await page.set_viewport_size(VIEW)
    await page.get_by_role("tab", name="People").click()
    await page.keyboard.press("Control+k")
    await expect(page.locator("#find")).to_be_visible()
    await photograph(page, ALBUM, "find")
    await page.keyboard.press("Escape")


async def test_who_hears_me_and_how_well(pair: Pair) -> None:
    page = pair.ada.page
    await page.locator(".bar-hearing").click()
    await photograph(page, ALBUM, "hearing")
    await page.locator(".bar-hearing").click()
    await page.get_by_role("button", name="Who hears me").click()
    await expect(page.locator(".hearers")).to_contain_text("Bob")
    await photograph(page, ALBUM, "who-hears-me")
    await page.locator(".hearers").get_by_role("button", name="Close").click()
    sign = page.get_by_role("button", name=re.compile("^Connection: "))
    await sign.click()
    await asyncio.sleep(2.5)
    await photograph(page, ALBUM, "figures")
    await sign.click()


async def test_picture_modes_and_devices(pair: Pair) -> None:
    page = pair.ada.page
    for mode in ("strip", "grid"):
        await page.locator(".bar-tiles").click()
        await asyncio.sleep(0.6)
        await photograph(page, ALBUM, f"pictures-{mode}")
    await page.locator(".bar-tiles").click()
    await page.locator(".bar-settings").click()
    await photograph(page, ALBUM, "devices")
    await page.get_by_role("button", name="Hear yourself").click()
    await page.get_by_role("button", name="Start, with my microphone on").click()
    await expect(page.locator(".booth-figures")).to_have_attribute(
        "data-delay", re.compile(r"\d+"), timeout=20_000
    )
    await photograph(page, ALBUM, "echo-booth")
    await page.keyboard.press("Escape")


async def test_the_admin_page(pair: Pair) -> None:
    admin = await open_page(pair.ada.context)
    await admin.goto("/admin")
    await expect(admin.get_by_role("heading", name=re.compile("Lantern Guild"))).to_be_visible()
    await asyncio.sleep(8)  # so that the plots have something to show
    await photograph_both(admin, ALBUM, "admin")
    await admin.close()


async def test_a_line_that_is_cut(pair: Pair) -> None:
    page = pair.ada.page
    await page.evaluate("window.__cut = true; for (const socket of window.__sockets) socket.close()")
    await expect(page.locator("#banner")).to_be_visible()
    await photograph(page, ALBUM, "reconnecting")
    await page.evaluate("window.__cut = false")
    await pair.ada.until("window.atrium.connectionState() === 'open'")


async def test_other_maps(pair: Pair) -> None:
    for name, title, ada, bob in (
        ("park", "Lantern Gardens", (640.0, 560.0), (730.0, 590.0)),
        ("campus", "Lantern House", (760.0, 500.0), (850.0, 520.0)),
        ("rooftop", "Lantern Roof", (540.0, 600.0), (680.0, 610.0)),
    ):
        made = await pair.ada.create_server(title, name)
        await asyncio.gather(pair.ada.enter(made["id"]), pair.bob.enter(made["id"]))
        await asyncio.gather(pair.ada.walk_to(*ada), pair.bob.walk_to(*bob))
        await photograph(pair.ada.page, ALBUM, name)
        room = next(zone for zone in made["zones"] if zone["type"] == "PRIVATE")["bounds"]
        await pair.ada.walk_to(room["x"] + room["width"] / 2, room["y"] + room["height"] * 0.75)
        await photograph(pair.ada.page, ALBUM, f"{name}-room")


async def test_a_meeting(atrium: AtriumServer, browsers: dict[str, Browser]) -> None:
    ada = await (await Person.arrive(atrium, browsers["ada"], viewport=VIEW)).sign_up()
    await ada.wear(LOOKS["ada"], "Ada Lovelace")
    made = await ada.create_server("Lantern Guild")
    link = next(f"/m/{zone['meeting_id']}" for zone in made["zones"] if zone["name"] == "Room_1")
    guests = [await Person.arrive(atrium, browsers[name], viewport=VIEW) for name in ("bob", "cleo")]
    await asyncio.gather(join(ada, link), join(guests[0], link, "Grace"), join(guests[1], link, "Linus"))
    await asyncio.gather(*(guest.page.evaluate("window.atrium.media.setCamera(true)") for guest in guests))
    await guests[0].page.evaluate("window.atrium.media.setMic(true)")
    page = ada.page
    await page.get_by_role("button", name="Chat", exact=True).click()
    await guests[0].page.get_by_role("button", name="Chat", exact=True).click()
    await say(guests[0].page, "Hello from the link, without an account.")
    await say(page, "Welcome! Here is the agenda: https://example.org/agenda")
    await ada.until_receiving(audio=False)
    await photograph(page, ALBUM, "meeting-chat")
    await page.get_by_role("button", name="Chat", exact=True).click()
    await page.get_by_role("button", name="Speaker view").click()
    await asyncio.sleep(0.5)
    await photograph(page, ALBUM, "meeting-speaker")
    await guests[0].page.evaluate(SHARED)
    await guests[0].page.get_by_role("button", name="Share your screen").click()
    await ada.until("document.querySelector('figure.screen video').videoWidth === 1280")
    await photograph(page, ALBUM, "meeting-screen")
    for person in (ada, *guests):
        await person.leave()
