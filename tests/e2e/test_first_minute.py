"""The first minute, by hand: every step is a click or a key, as a newcomer does it.

Each page is photographed at three sizes; `make screenshots` keeps the pictures in docs/screenshots.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, expect

from tests.e2e.album import KEPT, LOOKS, SIZES, photograph, photograph_both
from tests.e2e.people import PASSWORD, Person
from tests.support.atrium_server import AtriumServer

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]


@pytest.fixture(scope="session")
def album(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the pictures go."""
    folder = Path(KEPT) if KEPT else tmp_path_factory.mktemp("screenshots")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def newcomer(atrium: AtriumServer, browsers: dict[str, Browser]) -> AsyncIterator[Person]:
    person = await Person.arrive(
        atrium, browsers["ada"], newcomer=True, viewport={"width": SIZES[0][0], "height": SIZES[0][1]}
    )
    yield person
    await person.leave()


async def test_a_newcomer_signs_up_and_finds_out_what_to_do(newcomer: Person, album: Path) -> None:
    page = newcomer.page
    await page.goto("/")
    await photograph(page, album, "landing")
    await page.get_by_role("link", name="Sign up").click()
    await page.get_by_label("Username").fill("x")
    await page.get_by_label("Password", exact=True).fill("short")
    await page.get_by_role("button", name="Make the account").click()
    await expect(page.locator(".field-error:not(:empty)").first).to_be_visible()
    await photograph(page, album, "signup")
    await page.get_by_label("Username").fill("newcomer")
    await page.get_by_label("Name that others see").fill("Ada")
    await page.get_by_label("Password", exact=True).fill(PASSWORD)
    await page.get_by_role("button", name="Make the account").click()
    await page.wait_for_url(re.compile("/dashboard"))
    await expect(page.get_by_text("Nobody home yet")).to_be_visible()
    await photograph(page, album, "dashboard-empty")


async def test_a_server_is_made_from_a_map_with_a_picture(newcomer: Person, album: Path) -> None:
    page = newcomer.page
    await page.get_by_role("button", name="Create your first server").click()
    await page.get_by_label("Name", exact=True).fill("The Guild")
    for title in ("Office", "Park"):
        choice = page.locator("#map-choices label", has_text=title)
        await expect(choice).to_be_visible()
        await expect(choice.locator("img")).to_have_js_property("complete", True)
        assert await choice.locator("img").evaluate("image => image.naturalWidth > 0")
    await photograph(page, album, "create-server")
    await page.locator("#map-choices label", has_text="Office").click()
    await page.get_by_role("button", name="Create and enter").click()
    await page.wait_for_url(re.compile("/s/"))


async def test_devices_are_tried_before_going_in_and_nothing_is_on_by_itself(
    newcomer: Person, album: Path
) -> None:
    page = newcomer.page
    check = page.get_by_role("dialog", name="Before you go in")
    await expect(check).to_be_visible()
    assert await page.evaluate("window.atrium.you()") is None, "in the world before the person went in"
    level = check.get_by_role("meter")
    await expect(level).to_be_hidden()
    await check.get_by_role("button", name="Try the microphone").click()
    await expect(level).not_to_have_attribute("aria-valuenow", "0")
    await check.get_by_role("button", name="Try the camera").click()
    await newcomer.until("document.querySelector('.check-video').videoWidth > 0")
    await check.get_by_role("button", name="Test the sound").click()
    await photograph(page, album, "device-check")
    await check.get_by_role("button", name="Turn the microphone off").click()
    await check.get_by_role("button", name="Turn the camera off").click()
    await check.get_by_role("button", name="Next: how you look").click()
    await expect(check).to_be_hidden()


async def test_a_look_is_chosen_before_others_see_it(newcomer: Person, album: Path) -> None:
    page = newcomer.page
    look = page.get_by_role("dialog", name="How others see you")
    await look.get_by_role("button", name="Skipper").click()
    await look.get_by_role("radio", name="Headphones").check()
    assert await page.evaluate("window.atrium.you()") is None, "in the world before the person went in"
    await photograph(page, album, "look")
    await look.get_by_role("button", name="Enter The Guild").click()
    await newcomer.in_world()
    assert (await newcomer.you())["name"] == "Ada"
    me = await newcomer.get("/api/auth/me")
    assert me["user"]["avatar"].startswith("me-"), "put together from a ready one, and kept"
    assert not await page.evaluate("atrium.media.local.mic || atrium.media.local.camera")


async def test_a_tour_of_three_steps_comes_once(newcomer: Person, album: Path) -> None:
    page = newcomer.page
    card = page.locator(".tour")
    for step, title in enumerate(("Walk around", "Come close and talk", "Rooms keep it inside"), start=1):
        await expect(card.get_by_role("heading", name=title)).to_be_visible()
        await photograph(page, album, f"tour-{step}")
        await card.get_by_role("button", name="Got it" if step == 3 else "Next").click()
    await expect(card).to_have_count(0)
    await page.reload()
    await newcomer.in_world()
    await expect(page.get_by_role("dialog")).to_have_count(0)
    await expect(card).to_have_count(0)


async def test_keys_walk_and_walls_stop(newcomer: Person) -> None:
    page = newcomer.page
    before = await newcomer.you()
    await page.locator("canvas").first.click(position={"x": 20, "y": 400})
    await page.keyboard.down("KeyD")
    await newcomer.until(f"window.atrium.you().x > {before['x'] + 40}")
    await page.keyboard.up("KeyD")
    await page.keyboard.down("ArrowDown")
    await asyncio.sleep(1.5)
    await page.keyboard.up("ArrowDown")
    assert (await newcomer.you())["y"] < 609, "walked out of the Hall through its wall"


async def test_two_people_in_the_world_and_one_in_a_room(
    newcomer: Person, atrium: AtriumServer, browsers: dict[str, Browser], album: Path
) -> None:
    page = newcomer.page
    invite = await newcomer.post(f"/api/servers/{page.url.rsplit('/', 1)[1]}/invites")
    friend = await (await Person.arrive(atrium, browsers["bob"])).sign_up()
    try:
        await friend.wear(LOOKS["bob"], "Bob")
        await friend.page.goto(f"/join/{invite['token']}")
        await friend.page.get_by_role("button", name=re.compile("Join")).click()
        await friend.page.wait_for_url(re.compile("/s/"))
        await friend.in_world()
        await asyncio.gather(newcomer.speak_and_show(), friend.speak_and_show())
        await asyncio.gather(newcomer.walk_to(330, 500), friend.walk_to(430, 500))
        await asyncio.gather(newcomer.until_receiving(), friend.until_receiving())
        await photograph_both(page, album, "world")
        await page.get_by_role("button", name="Emotes and status").click()
        await photograph(page, album, "status")
        await page.keyboard.press("Escape")
        await asyncio.gather(newcomer.walk_to(192, 210), friend.walk_to(150, 190))
        await asyncio.gather(newcomer.until_receiving(), friend.until_receiving())
        await photograph(page, album, "room")
    finally:
        await friend.leave()


async def test_the_dashboard_shows_the_server_and_logging_out_ends_it(newcomer: Person, album: Path) -> None:
    page = newcomer.page
    await page.goto("/dashboard")
    await expect(page.get_by_text("The Guild")).to_be_visible()
    await photograph_both(page, album, "dashboard")
    await page.locator("#who").click()
    await expect(page.locator(".builder-ready button").first).to_be_visible()
    await photograph_both(page, album, "avatar")
    await page.keyboard.press("Escape")
    await page.get_by_role("button", name="Log out").click()
    await page.wait_for_url(re.compile(r"/(login)?$"))
    answer = await newcomer.context.request.get("/api/auth/me")
    assert answer.status == 401
    await page.goto("/login")
    await page.get_by_label("Username").fill("newcomer")
    await page.get_by_label("Password", exact=True).fill("a wrong password")
    await page.get_by_role("button", name="Log in").click()
    await expect(page.get_by_role("alert").filter(has_text=re.compile("."))).to_be_visible()
    await photograph(page, album, "login")
    await page.get_by_label("Password", exact=True).fill(PASSWORD)
    await page.get_by_role("button", name="Log in").click()
    await page.wait_for_url(re.compile("/dashboard"))


async def test_a_guest_comes_in_by_link_and_joins_muted(
    newcomer: Person, atrium: AtriumServer, browsers: dict[str, Browser], album: Path
) -> None:
    servers = await newcomer.get("/api/servers")
    zones = await newcomer.get(f"/api/servers/{servers['servers'][0]['id']}/zones")
    link = next(zone["meeting_id"] for zone in zones["zones"] if zone["name"] == "Room_1")
    guest = await Person.arrive(atrium, browsers["cleo"])
    try:
        await guest.page.goto(f"/m/{link}")
        await photograph(guest.page, album, "meeting-before")
        await guest.page.get_by_label("Your name").fill("Grace")
        await guest.page.get_by_role("button", name="Join").click()
        await guest.in_world()
        assert not await guest.page.evaluate("window.atrium.media.local.mic")
        await newcomer.page.goto(f"/m/{link}")
        await newcomer.page.get_by_role("button", name="Join").click()
        await newcomer.in_world()
        await asyncio.gather(newcomer.speak_and_show(), guest.speak_and_show())
        await asyncio.gather(newcomer.until_receiving(), guest.until_receiving())
        await photograph_both(newcomer.page, album, "meeting")
    finally:
        await guest.leave()


async def test_a_link_that_never_was_is_answered_politely(newcomer: Person, album: Path) -> None:
    await newcomer.page.goto("/m/never-was-a-room")
    await photograph(newcomer.page, album, "meeting-unknown")


async def test_who_blocks_the_microphone_is_told_what_to_do_and_can_go_in_all_the_same(
    atrium: AtriumServer, browsers: dict[str, Browser], album: Path
) -> None:
    person = await Person.arrive(atrium, browsers["ada"], newcomer=True)
    try:
        await person.sign_up()
        # The browser's own prompt cannot be answered with no here: the page gets its error.
        await person.page.add_init_script(
            "navigator.mediaDevices.getUserMedia = () =>"
            " Promise.reject(new DOMException('Permission denied', 'NotAllowedError'));"
        )
        server = await person.create_server("The Attic")
        await person.page.goto(f"/s/{server['id']}")
        check = person.page.get_by_role("dialog", name="Before you go in")
        await check.get_by_role("button", name="Try the microphone").click()
        await expect(check.get_by_role("status")).to_contain_text("allow it")
        await photograph(person.page, album, "device-denied")
        await check.get_by_role("button", name="Enter The Attic").click()
        await person.in_world()
        await person.page.get_by_role("button", name="Skip").click()
        await expect(person.page.locator(".tour")).to_have_count(0)
    finally:
        await person.leave()
