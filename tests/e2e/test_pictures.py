"""Photographs of talking: chat, who hears me, the booth, figures, picture modes and meetings, at three sizes.

They prove nothing that other tests do not, but that nothing sticks out; they are taken by `make screenshots`.
"""

from __future__ import annotations

import asyncio
import os
import re
from pathlib import Path

import pytest
from playwright.async_api import Browser, expect

from tests.e2e.people import Person
from tests.e2e.test_chat import line, open_chat, say
from tests.e2e.test_first_minute import photograph
from tests.e2e.test_meeting import SHARED, join
from tests.support.atrium_server import AtriumServer

WANTED = os.environ.get("SCREENSHOTS", "")
pytestmark = [
    pytest.mark.e2e,
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.skipif(not WANTED, reason="taken by `make screenshots`"),
]
PLAN = Path(__file__).resolve().parents[2] / "maps" / "templates" / "office" / "thumbnail.png"
LANE = 560.0


async def test_talking_in_the_world(atrium: AtriumServer, browsers: dict[str, Browser]) -> None:
    album = Path(WANTED)
    size = {"width": 1440, "height": 900}
    ada = await (await Person.arrive(atrium, browsers["ada"], viewport=size)).sign_up()
    bob = await (await Person.arrive(atrium, browsers["bob"], viewport=size)).sign_up()
    await ada.context.request.patch(
        "/api/auth/me", data={"display_name": "Ada Lovelace"}, headers={"Origin": atrium.url}
    )
    await bob.context.request.patch(
        "/api/auth/me", data={"display_name": "Bob"}, headers={"Origin": atrium.url}
    )
    made = await ada.create_server("Lantern Guild")
    await asyncio.gather(ada.enter(made["id"]), bob.enter(made["id"]))
    await asyncio.gather(ada.walk_to(300, LANE), bob.walk_to(400, LANE))
    await asyncio.gather(ada.speak_and_show(), bob.speak_and_show())
    page = ada.page
    await open_chat(page, "Everyone")
    await open_chat(bob.page, "Everyone")
    await say(bob.page, "Good morning! The plan for today: https://example.org/plan")
    await say(page, "I like it. Shall we meet in Room 1 at ten?")
    await bob.page.locator(".write input[type=file]").set_input_files(PLAN)
    await say(bob.page, "Yes. This is how it could look:")
    await expect(line(page, "Yes. This is how it could look:").locator("img")).to_be_visible()
    theirs = line(page, "Yes. This is how it could look:")
    await theirs.hover()
    await theirs.get_by_role("button", name="React").click()
    await theirs.get_by_role("group", name="React").get_by_role("button", name="Heart").click()
    await expect(theirs.locator(".reaction")).to_be_visible()
    await open_chat(bob.page, "Hall")
    await say(bob.page, "Anybody for coffee?")
    await page.mouse.move(10, 10)
    await photograph(page, album, "chat")
    # On a phone the panel is a sheet that one opens.
    await page.set_viewport_size({"width": 390, "height": 844})
    await page.locator("#panel-toggle").click()
    await open_chat(page, "Everyone")
    await asyncio.sleep(0.5)
    await page.screenshot(path=album / "chat-390x844.png")
    await page.set_viewport_size({"width": 1440, "height": 900})
    await page.get_by_role("tab", name="People").click()
    await page.get_by_role("button", name="Who hears me").click()
    await expect(page.locator(".hearers")).to_contain_text("Bob")
    await photograph(page, album, "who-hears-me")
    await page.locator(".hearers").get_by_role("button", name="Close").click()
    sign = page.get_by_role("button", name=re.compile("^Connection: "))
    await sign.click()
    await asyncio.sleep(2.5)
    await photograph(page, album, "figures")
    await sign.click()
    for mode in ("strip", "grid"):
        await page.locator(".bar-tiles").click()
        await asyncio.sleep(0.6)
        await photograph(page, album, f"pictures-{mode}")
    await page.locator(".bar-tiles").click()
    await page.locator(".bar-settings").click()
    await photograph(page, album, "devices")
    await page.get_by_role("button", name="Hear yourself").click()
    await page.get_by_role("button", name="Start, with my microphone on").click()
    await expect(page.locator(".booth-figures")).to_have_attribute(
        "data-delay", re.compile(r"\d+"), timeout=20_000
    )
    await photograph(page, album, "echo-booth")
    await ada.leave()
    await bob.leave()


async def test_talking_in_a_meeting(atrium: AtriumServer, browsers: dict[str, Browser]) -> None:
    album = Path(WANTED)
    size = {"width": 1440, "height": 900}
    ada = await (await Person.arrive(atrium, browsers["ada"], viewport=size)).sign_up()
    made = await ada.create_server("Lantern Guild")
    link = next(f"/m/{zone['meeting_id']}" for zone in made["zones"] if zone["name"] == "Room_1")
    guests = [await Person.arrive(atrium, browsers[name], viewport=size) for name in ("bob", "cleo")]
    await asyncio.gather(join(ada, link), join(guests[0], link, "Grace"), join(guests[1], link, "Linus"))
    await asyncio.gather(*(guest.page.evaluate("window.atrium.media.setCamera(true)") for guest in guests))
    await guests[0].page.evaluate("window.atrium.media.setMic(true)")
    page = ada.page
    await page.get_by_role("button", name="Chat", exact=True).click()
    await guests[0].page.get_by_role("button", name="Chat", exact=True).click()
    await say(guests[0].page, "Hello from the link, without an account.")
    await say(page, "Welcome! Here is the agenda: https://example.org/agenda")
    await ada.until_receiving(audio=False)
    await photograph(page, album, "meeting-chat")
    await page.get_by_role("button", name="Chat", exact=True).click()
    await page.get_by_role("button", name="Speaker view").click()
    await asyncio.sleep(0.5)
    await photograph(page, album, "meeting-speaker")
    await guests[0].page.evaluate(SHARED)
    await guests[0].page.get_by_role("button", name="Share your screen").click()
    await ada.until("document.querySelector('figure.screen video').videoWidth === 1280")
    await photograph(page, album, "meeting-screen")
    for person in (ada, *guests):
        await person.leave()
