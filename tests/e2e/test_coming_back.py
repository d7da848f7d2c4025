"""Two tabs, a laptop that slept, a deploy: who comes back by themselves, where, and with which microphone."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import pytest_asyncio
from playwright.async_api import Browser

from tests.e2e.people import Person, ada_and_bob
from tests.support.atrium_server import AtriumServer
from tests.support.chromium import open_page

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]
# A straight, free lane through the Hall of the Office.
LANE = 560.0
ADA, BOB = (300.0, LANE), (400.0, LANE)
# The wall clock of a page, from now on: an hour later as soon as it stood still for a while.
AN_HOUR_PASSES = """
const now = Date.now;
let last = now(), slept = 0;
Date.now = () => {
  if (now() - last > 2000) slept += 3_600_000;
  last = now();
  return last + slept;
};
setInterval(Date.now, 100);
window.__slept = () => slept;
"""
OPEN = "window.atrium.connectionState() === 'open' && window.atrium.mediaState() === 'connected'"


class Home:
    """A server of its own, because it is restarted; Ada speaks, Bob is muted."""

    def __init__(self, atrium: AtriumServer, ada: Person, bob: Person, path: str) -> None:
        self.atrium, self.ada, self.bob, self.path = atrium, ada, bob, path

    async def as_before(self) -> None:
        """Both are at their places, Ada is heard, Bob is muted, and neither page was loaded anew."""
        for person, (x, y) in ((self.ada, ADA), (self.bob, BOB)):
            await person.until(OPEN)
            you = await person.you()
            assert abs(you["x"] - x) < 4, f"{person.username} came back at {you}"
            assert abs(you["y"] - y) < 4, f"{person.username} came back at {you}"
            assert await person.page.evaluate("window.__samePage === true"), "the page was loaded anew"
            await person.until("document.getElementById('banner').hidden")
        await self.bob.until_hears(440)
        mics = [await p.page.evaluate("window.atrium.media.local.mic") for p in (self.ada, self.bob)]
        assert mics == [True, False]
        for one, other in ((self.ada, self.bob), (self.bob, self.ada)):
            there = (await other.you())["user_id"]
            await one.until(f"window.atrium.players().map((p) => p.user_id).join() === '{there}'")
        assert await self.ada.hears_nothing_of(700), "Bob is heard, whose microphone is off"

    @property
    def both(self) -> tuple[Person, Person]:
        return self.ada, self.bob


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def home(tmp_path_factory: pytest.TempPathFactory, browsers: dict[str, Browser]) -> AsyncIterator[Home]:
    atrium = AtriumServer(tmp_path_factory.mktemp("coming-back"))
    await asyncio.to_thread(atrium.start)
    try:
        async with ada_and_bob(atrium, browsers) as (ada, bob):
            server = await ada.create_server()
            await asyncio.gather(ada.enter(server["id"]), bob.enter(server["id"]))
            await ada.page.evaluate("window.atrium.media.setMic(true)")
            await asyncio.gather(ada.walk_to(*ADA), bob.walk_to(*BOB))
            for person in (ada, bob):
                await person.page.evaluate("window.__samePage = true")
            yield Home(atrium, ada, bob, f"/s/{server['id']}")
    finally:
        await asyncio.to_thread(atrium.stop, False)


@asynccontextmanager
async def lid_shut(person: Person) -> AsyncIterator[None]:
    """The processes of page and network stand still, as in a laptop that sleeps: an hour, to the page."""
    await person.page.evaluate(f"() => {{ {AN_HOUR_PASSES} }}")
    browser = person.context.browser
    assert browser is not None
    devtools = await browser.new_browser_cdp_session()
    processes = (await devtools.send("SystemInfo.getProcessInfo"))["processInfo"]
    asleep = [process["id"] for process in processes if process["type"] != "browser"]
    await devtools.detach()
    try:
        for pid in asleep:
            os.kill(pid, signal.SIGSTOP)
        yield
    finally:
        for pid in asleep:
            os.kill(pid, signal.SIGCONT)
    await person.until("window.__slept() >= 3_600_000")


async def test_the_older_of_two_tabs_is_told_closed_and_stays_so_until_it_is_asked(home: Home) -> None:
    ada, bob = home.ada, home.bob
    second = Person(home.atrium, ada.context, await open_page(ada.context), ada.username)
    await second.page.goto(home.path)
    await second.in_world()
    await ada.until("window.atrium.connectionState() === 'ended'")
    banner = ada.page.locator("#banner")
    assert "This world is open in another tab" in await banner.inner_text()
    button = banner.get_by_role("button", name="Use it here")
    assert await button.is_visible()
    assert await ada.page.evaluate("window.atrium.mediaState()") == "idle"
    assert not await ada.page.evaluate("window.atrium.media.local.mic"), (
        "a microphone of a closed tab is open"
    )
    # Another tab is another page: it stands at the same place, muted.
    assert not await second.page.evaluate("window.atrium.media.local.mic")
    assert abs((await second.you())["x"] - ADA[0]) < 4
    # Longer than the first pauses of a reconnect, with the event that ends a pause at once.
    for _ in range(4):
        await ada.page.evaluate("void window.dispatchEvent(new Event('online'))")
        await asyncio.sleep(0.5)
        assert await ada.page.evaluate("window.atrium.connectionState()") == "ended"
    assert await second.page.evaluate(OPEN)
    assert len(await bob.page.evaluate("window.atrium.players()")) == 1

    await button.click()
    await ada.until(OPEN)
    await second.until("window.atrium.connectionState() === 'ended'")
    await second.page.close()
    assert not await ada.page.evaluate("window.atrium.media.local.mic"), "nobody is unmuted by coming back"
    await ada.page.evaluate("window.atrium.media.setMic(true)")
    await home.as_before()


async def test_a_deploy_heals_by_itself_with_place_and_mute_state(home: Home) -> None:
    await asyncio.to_thread(home.atrium.stop)  # SIGTERM, and it ends cleanly
    for person in home.both:
        await person.until("document.body.dataset.connection === 'waiting'")
    await asyncio.to_thread(home.atrium.start)
    await home.as_before()


async def test_a_page_that_slept_while_its_line_was_cut_comes_back_without_a_reload(home: Home) -> None:
    async with lid_shut(home.ada):
        # The server that it was connected to is gone when it wakes up, and knows nothing of its connection.
        await asyncio.to_thread(home.atrium.stop)
        await asyncio.to_thread(home.atrium.start)
    await home.as_before()


async def test_a_page_loaded_anew_is_as_it_was_left_even_by_who_muted_while_the_line_was_cut(
    home: Home,
) -> None:
    ada = home.ada
    await ada.page.reload()
    await ada.in_world()
    await ada.until("window.atrium.media.local.mic")
    await home.bob.until_hears(440, 15)

    await ada.page.evaluate("WebSocket.prototype.send = () => undefined")
    await ada.page.evaluate("document.activeElement.blur()")
    await ada.page.keyboard.press("m")
    await ada.until("!window.atrium.media.local.mic")
    await ada.page.reload()
    await ada.in_world()
    assert not await ada.page.evaluate("window.atrium.media.local.mic"), "a reload has unmuted her"
    assert await home.bob.hears_nothing_of(440)


async def test_the_pages_had_no_errors_but_those_of_a_server_that_was_away(home: Home) -> None:
    away = ("WebSocket connection", "net::ERR_CONNECTION_REFUSED")
    for person in home.both:
        assert [p for p in person.problems if not any(word in p for word in away)] == []
