"""The meeting page: the same room without the map, for a member and a guest."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Route, expect

from tests.e2e.people import Person
from tests.e2e.test_chat import PNG, line, picture, say
from tests.support.atrium_server import AtriumServer

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]

# A shared page of 1280 × 720 px with a sound of 1600 Hz.
SHARED = """
() => {
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [1280, 720];
  const brush = canvas.getContext("2d");
  let frame = 0;
  setInterval(() => {
    brush.fillStyle = frame++ % 2 ? "#fdfaf2" : "#fbf7ee";
    brush.fillRect(0, 0, 1280, 720);
    brush.fillStyle = "#2b2138";
    brush.font = "64px sans-serif";
    brush.fillText("The plan", 80, 160);
  }, 100);
  const audio = new AudioContext();
  const out = audio.createMediaStreamDestination();
  const tone = new OscillatorNode(audio, { frequency: 1600 });
  tone.connect(out);
  tone.start();
  navigator.mediaDevices.getDisplayMedia = async () => {
    await audio.resume();
    return new MediaStream([...canvas.captureStream(10).getTracks(), ...out.stream.getTracks()]);
  };
}
"""


@dataclass
class Meeting:
    """Ada (the owner) and a guest in Room_1, by its link."""

    ada: Person
    guest: Person
    link: str
    server_id: str


async def join(person: Person, link: str, name: str | None = None) -> None:
    await person.page.goto(link)
    if name is not None:
        await person.page.get_by_label("Your name").fill(name)
    await person.page.get_by_role("button", name="Join").click()
    await person.in_world()


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def meeting(atrium: AtriumServer, browsers: dict[str, Browser]) -> AsyncIterator[Meeting]:
    ada = await (await Person.arrive(atrium, browsers["ada"])).sign_up()
    guest = await Person.arrive(atrium, browsers["bob"])
    made = await ada.create_server()
    room = next(zone["meeting_id"] for zone in made["zones"] if zone["name"] == "Room_1")
    await asyncio.gather(join(ada, f"/m/{room}"), join(guest, f"/m/{room}", "Grace"))
    yield Meeting(ada, guest, f"/m/{room}", made["id"])
    await ada.leave()
    await guest.leave()


async def test_member_and_guest_write_to_each_other_and_the_guest_gets_the_file(meeting: Meeting) -> None:
    ada, guest = meeting.ada.page, meeting.guest.page
    await ada.get_by_role("button", name="Chat", exact=True).click()
    await expect(ada.get_by_role("textbox", name="Message", exact=True)).to_be_focused()
    await say(ada, "hello, guest")
    chat = guest.get_by_role("button", name=re.compile("^Chat"))
    await expect(chat).to_have_attribute("data-unread", "1")
    await chat.click()
    await expect(line(guest, "hello, guest")).to_be_visible()
    await expect(chat).to_have_attribute("data-unread", "")
    await say(guest, "hello, Ada")
    await expect(line(ada, "hello, Ada")).to_be_visible()
    await ada.locator(".write input[type=file]").set_input_files(
        {"name": "plan.png", "mimeType": "image/png", "buffer": PNG}
    )
    await say(ada, "here")
    plan = picture(guest, "here")
    await expect(plan).to_be_visible()
    await expect(plan).to_have_js_property("naturalWidth", 2)
    # A guest has no way to put files here.
    await expect(guest.get_by_role("button", name="Attach a file")).to_be_hidden()


async def test_the_speaker_view_shows_the_other_large_and_a_pin_does_so_in_the_grid(
    meeting: Meeting,
) -> None:
    ada, guest = meeting.ada.page, meeting.guest.page
    await guest.evaluate("window.atrium.media.setCamera(true)")
    await meeting.ada.until_receiving(audio=False)
    await ada.get_by_role("button", name="Chat", exact=True).click()
    grace = ada.locator(".tile", has_text="Grace")

    async def width() -> float:
        box = await grace.bounding_box()
        assert box is not None
        return box["width"]

    grid = await width()
    await ada.get_by_role("button", name="Speaker view").click()
    await expect(grace).to_have_class(re.compile("large"))
    await expect(ada.locator(".tile.own")).to_have_js_property("offsetWidth", 208)
    assert await width() > grid
    await ada.get_by_role("button", name="Speaker view").click()
    await expect(grace).not_to_have_class(re.compile("large"))
    await grace.hover()
    await ada.get_by_role("button", name="Pin Grace").click()
    await expect(grace).to_have_class(re.compile("large"))
    await ada.get_by_role("button", name="Unpin Grace").click()
    await expect(grace).not_to_have_class(re.compile("large"))


async def test_a_shared_screen_is_large_and_heard_and_goes_full_screen(meeting: Meeting) -> None:
    ada, guest = meeting.ada.page, meeting.guest.page
    await guest.evaluate(SHARED)
    await guest.get_by_role("button", name="Share your screen").click()
    screen = ada.locator("figure.screen")
    await expect(screen).to_be_visible()
    await expect(screen).to_contain_text("Grace’s screen")
    video = screen.locator("video")
    await meeting.ada.until("document.querySelector('figure.screen video').videoWidth === 1280")
    await meeting.ada.until_hears(1600)
    await screen.get_by_role("button", name="Full screen").click()
    await meeting.ada.until("document.fullscreenElement?.matches('figure.screen') === true")
    await ada.evaluate("document.exitFullscreen()")
    await guest.get_by_role("button", name="Share your screen").click()
    await expect(video).to_be_hidden()
    assert await meeting.ada.hears_nothing_of(1600)


async def test_from_the_meeting_a_member_goes_on_into_the_world_and_a_guest_cannot(meeting: Meeting) -> None:
    await expect(meeting.guest.page.get_by_role("link", name="Enter the world")).to_be_hidden()
    await meeting.ada.page.get_by_role("link", name="Enter the world").click()
    await meeting.ada.in_world()
    zone = (await meeting.ada.you())["zone_id"]
    # She stands in the room that she came from.
    await meeting.guest.until(f"window.atrium.players().map((p) => p.zone_id).join() === '{zone}'")


async def test_who_mutes_while_the_answer_to_join_is_on_its_way_comes_in_muted(meeting: Meeting) -> None:
    page, muted = meeting.guest.page, asyncio.Event()

    async def late(route: Route) -> None:
        await muted.wait()
        await route.continue_()

    await page.goto(meeting.link)
    await page.route("**/api/meetings/*/join", late)
    await page.get_by_label("Your name").fill("Grace")
    mic = page.locator("#preview-controls .toggle-mic")
    await mic.click()
    await expect(mic).to_have_attribute("aria-pressed", "true")
    async with page.expect_request("**/api/meetings/*/join"):
        await page.get_by_role("button", name="Join").click()
    await mic.click()
    await expect(mic).to_have_attribute("aria-pressed", "false")
    muted.set()
    await meeting.guest.in_world()
    await meeting.guest.until("window.atrium.mediaState() === 'connected'")
    assert not await page.evaluate("window.atrium.media.local.mic")


async def test_the_pages_had_no_errors(meeting: Meeting) -> None:
    assert meeting.ada.problems == []
    assert meeting.guest.problems == []
