"""axe-core finds nothing serious on any page, in light and in dark colours; and the lists alone are enough to
find one's way, by keyboard."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from tests.e2e.people import Person
from tests.support.atrium_server import AtriumServer

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]

CLIENT = Path(__file__).resolve().parents[2] / "web" / "client"
AXE = (CLIENT / "node_modules" / "axe-core" / "axe.min.js").read_text()
RUN = """axe.run(document, {resultTypes: ["violations"]}).then(({violations}) => violations
    .filter(({impact}) => impact === "serious" || impact === "critical")
    .map(({id, help, nodes}) => `${id} (${help}): ` + nodes.slice(0, 4)
        .map(({html, any}) => html.slice(0, 160) + " " + any.map((one) => one.message).join("; "))
        .join(" | ")))"""


async def assert_accessible(page: Page, what: str) -> None:
    """No violation of serious or critical impact on the page as it is now."""
    if not await page.evaluate("'axe' in window"):
        await page.evaluate(AXE)
    # What is still fading in has not its true colours.
    await page.evaluate("Promise.all(document.getAnimations().map((one) => one.finished.catch(() => 0)))")
    found: list[str] = await page.evaluate(RUN)
    assert not found, f"{what}:\n" + "\n".join(found)


async def test_the_check_finds_a_button_without_a_name_and_text_without_contrast(
    atrium: AtriumServer, browsers: dict[str, Browser]
) -> None:
    stranger = await Person.arrive(atrium, browsers["ada"])
    try:
        await stranger.page.goto("/login")
        await stranger.page.evaluate(
            "document.querySelector('main').insertAdjacentHTML('beforeend',"
            " '<button></button><p id=pale>Pale</p>');"
            "document.querySelector('#pale').style.color = '#b5a99a'"
        )
        with pytest.raises(
            AssertionError, match=r"button-name(.|\n)*color-contrast|color-contrast(.|\n)*button-name"
        ):
            await assert_accessible(stranger.page, "a broken page")
    finally:
        await stranger.leave()


@pytest.fixture(scope="module", params=["light", "dark"])
def colours(request: pytest.FixtureRequest) -> Any:
    return request.param


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def person(atrium: AtriumServer, browsers: dict[str, Browser], colours: Any) -> AsyncIterator[Person]:
    one = await Person.arrive(
        atrium, browsers["ada"], newcomer=True, color_scheme=colours, reduced_motion="reduce"
    )
    yield one
    await one.leave()


async def test_the_pages_before_the_world(person: Person) -> None:
    page = person.page
    for path in ("/", "/login", "/signup", "/no-such-page", "/m/never-was-a-room"):
        await page.goto(path)
        await assert_accessible(page, path)
    await page.goto("/signup")
    await page.get_by_role("button", name="Make the account").click()
    await expect(page.locator(".field-error:not(:empty)").first).to_be_visible()
    await assert_accessible(page, "sign-up with errors")


async def test_the_dashboard_and_its_dialogs(person: Person) -> None:
    page = person.page
    await person.sign_up()
    await page.goto("/dashboard")
    await expect(page.locator("#empty")).to_be_visible()
    await assert_accessible(page, "the empty dashboard")
    await person.create_server("Accessible")
    await page.reload()
    await expect(page.get_by_text("Accessible")).to_be_visible()
    await assert_accessible(page, "the dashboard")
    for button in ("Create server", "Join with a link", person.username):
        await page.get_by_role("button", name=button).click()
        await asyncio.sleep(0.3)
        await assert_accessible(page, f"the dialog of {button}")
        await page.keyboard.press("Escape")


async def test_the_world_with_its_panels_and_menus(person: Person) -> None:
    page = person.page
    servers = await person.get("/api/servers")
    await page.goto(f"/s/{servers['servers'][0]['id']}")
    await expect(page.get_by_role("dialog", name="Before you go in")).to_be_visible()
    await assert_accessible(page, "the check of devices")
    await page.get_by_role("button", name="Enter Accessible").click()
    await person.in_world()
    await expect(page.locator(".tour")).to_be_visible()
    await assert_accessible(page, "the tour")
    await page.keyboard.press("Escape")
    for tab in ("Rooms", "Chat", "People"):
        await page.get_by_role("tab", name=tab).click()
        await assert_accessible(page, f"the panel with {tab}")
    await page.get_by_role("button", name="Emotes and status").click()
    await page.get_by_role("button", name="Busy").click()
    await page.get_by_role("button", name="Emotes and status").click()
    await assert_accessible(page, "the menu of emotes and statuses")
    await page.keyboard.press("Escape")
    await page.get_by_role("button", name="Microphone, camera and speaker").click()
    await assert_accessible(page, "the dialog of devices")
    await page.keyboard.press("Escape")
    await page.locator("#map").focus()
    await page.keyboard.press("Control+k")
    await assert_accessible(page, "finding")
    await page.keyboard.press("Escape")


async def test_the_world_on_a_phone(person: Person) -> None:
    await person.page.set_viewport_size({"width": 390, "height": 844})
    await assert_accessible(person.page, "the world on a phone")
    await person.page.locator("#panel-toggle").click()
    await assert_accessible(person.page, "the panel on a phone")
    await person.page.set_viewport_size({"width": 1024, "height": 640})


async def test_the_meeting_before_and_inside(person: Person) -> None:
    page = person.page
    servers = await person.get("/api/servers")
    zones = await person.get(f"/api/servers/{servers['servers'][0]['id']}/zones")
    link = next(zone["meeting_id"] for zone in zones["zones"] if zone["name"] == "Room_1")
    await page.goto(f"/m/{link}")
    await assert_accessible(page, "before the meeting")
    await page.get_by_role("button", name="Join").click()
    await person.in_world()
    await assert_accessible(page, "in the meeting")


async def test_everything_can_be_done_from_the_lists_by_keyboard(
    atrium: AtriumServer, browsers: dict[str, Browser]
) -> None:
    """Into a room, to a person, the microphone, a line of chat: no mouse and no look at the map."""
    ada = await (await Person.arrive(atrium, browsers["ada"])).sign_up()
    bob = await (await Person.arrive(atrium, browsers["bob"])).sign_up()
    try:
        server = await ada.create_server("By keyboard")
        await ada.enter(server["id"])
        page = ada.page
        announced = page.locator("#announcer")
        await bob.enter(server["id"])
        await expect(announced).to_contain_text(f"{bob.username} is here")
        await page.get_by_role("tab", name="People").focus()
        await page.keyboard.press("ArrowRight")
        await expect(page.get_by_role("tab", name="Rooms")).to_be_focused()
        room = page.get_by_role("button", name="Walk to Room 1", exact=True)
        await tab_to(page, "Walk to Room 1")
        await expect(room).to_be_focused()
        await page.keyboard.press("Enter")
        await expect(page.locator("#zone-name")).to_have_text("Room 1")
        await expect(page.locator("#toasts")).to_contain_text("only people in here hear you")
        await bob.walk_to(300, 500)
        await page.get_by_role("tab", name="Rooms").focus()
        await page.keyboard.press("ArrowLeft")
        await tab_to(page, f"Walk to {bob.username}")
        await page.keyboard.press("Enter")
        await expect(page.locator("#zone-name")).to_have_text("Hall")
        await page.locator("#map").focus()
        await page.keyboard.press("m")
        await ada.until("atrium.media.local.mic")
        await bob.until_receiving(video=False)
        await page.keyboard.press("Enter")
        await page.keyboard.type("Hello from the keyboard")
        await page.keyboard.press("Enter")
        await bob.page.get_by_role("tab", name=re.compile("Chat")).click()
        await expect(bob.page.get_by_role("log")).to_contain_text("Hello from the keyboard")
        await bob.leave()
        await expect(announced).to_contain_text(f"{bob.username} has left")
    finally:
        await ada.leave()


async def tab_to(page: Page, name: str, most: int = 40) -> None:
    """Press Tab until the control of this name has the focus."""
    for _ in range(most):
        await page.keyboard.press("Tab")
        if await page.evaluate("document.activeElement.getAttribute('aria-label')") == name:
            return
    raise AssertionError(f"Tab never reached {name}")


async def test_motion_is_reduced_where_the_system_asks_for_it(
    atrium: AtriumServer, browsers: dict[str, Browser]
) -> None:
    person = await (await Person.arrive(atrium, browsers["ada"], reduced_motion="reduce")).sign_up()
    try:
        server = await person.create_server("Calm")
        await person.enter(server["id"])
        running = await person.page.evaluate(
            "document.getAnimations().filter((one) => one.playState === 'running').length"
        )
        assert running == 0
    finally:
        await person.leave()
