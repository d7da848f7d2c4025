"""What makes the world comfortable: hearing nobody, volumes, following, finding, a joystick, the own ring.

And what keys and pointer do in it, a change of device, a shared screen.
"""

from __future__ import annotations

import asyncio
import json
import math
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, WebSocket, expect

from tests.e2e.people import Person, ada_and_bob
from tests.e2e.test_meeting import SHARED
from tests.support.atrium_server import AtriumServer
from tests.support.attempts import once_in

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]

# A straight, free lane through the Hall of the Office.
LANE = 560.0
BOBS_TONE, ADAS_TONE = 700, 440
# px a second while a key is held: by the page's own clock, from when the step is under way.
PACE = """
async () => {
  const rest = (ms) => new Promise((done) => setTimeout(done, ms));
  await rest(150);
  const [x, at] = [window.atrium.you().x, performance.now()];
  await rest(350);
  return (window.atrium.you().x - x) / (performance.now() - at) * 1000;
}
"""
SENT_MICROPHONES = """
window.__pcs.filter((pc) => pc.connectionState !== "closed")
  .flatMap((pc) => pc.getSenders().map((sender) => sender.track))
  .filter((track) => track?.kind === "audio" && track.readyState === "live")
  .map((track) => track.label)
"""


@dataclass
class Two:
    """Ada and Bob in one Office, microphones on; what Ada's page says to the world; Room_1's link."""

    ada: Person
    bob: Person
    said: list[dict[str, Any]]
    room: str
    server_id: str

    async def stand(self, ada_x: float, bob_x: float) -> None:
        await asyncio.gather(self.ada.walk_to(ada_x, LANE), self.bob.walk_to(bob_x, LANE))

    async def apart(self) -> float:
        a, b = await asyncio.gather(self.ada.you(), self.bob.you())
        return math.dist((a["x"], a["y"]), (b["x"], b["y"]))

    async def until_near(self, px: float, seconds: float = 30.0) -> None:
        end = asyncio.get_running_loop().time() + seconds
        while (apart := await self.apart()) > px:
            assert asyncio.get_running_loop().time() < end, f"still {apart:.0f} px apart"
            await asyncio.sleep(0.1)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def two(atrium: AtriumServer, browsers: dict[str, Browser]) -> AsyncIterator[Two]:
    async with ada_and_bob(atrium, browsers) as (ada, bob):
        said: list[dict[str, Any]] = []

        def listen(socket: WebSocket) -> None:
            socket.on("framesent", lambda frame: said.append(json.loads(frame)))

        ada.page.on("websocket", listen)
        server = await ada.create_server()
        room = next(zone["meeting_id"] for zone in server["zones"] if zone["name"] == "Room_1")
        await asyncio.gather(ada.enter(server["id"]), bob.enter(server["id"]))
        for person in (ada, bob):
            await person.page.evaluate("window.atrium.media.setMic(true)")
        yield Two(ada, bob, said, room, server["id"])


async def test_deafened_one_hears_nobody_sees_it_and_tells_nobody(two: Two) -> None:
    page = two.ada.page
    await two.stand(300, 380)
    await two.ada.until_hears(BOBS_TONE)
    before = len(two.said)
    await page.locator("#map").focus()
    await page.keyboard.press("n")
    await expect(page.get_by_text("You hear nobody")).to_be_visible()
    assert await two.ada.hears_nothing_of(BOBS_TONE)
    assert [m["type"] for m in two.said[before:] if m["type"] not in ("ping", "player_move")] == []
    await page.get_by_role("button", name="Hear again").click()
    await expect(page.get_by_text("You hear nobody")).to_have_count(0)
    await two.ada.until_hears(BOBS_TONE)


async def test_a_persons_volume_is_mine_to_choose_and_stays(two: Two) -> None:
    page = two.ada.page
    await two.stand(300, 380)
    name = two.bob.username
    await page.get_by_role("button", name=f"Volume of {name}").click()
    slider = page.get_by_role("slider", name=f"Volume of {name}")
    await expect(slider).to_be_focused()
    assert await slider.input_value() == "100"
    loud = await two.ada.level(BOBS_TONE)
    for _ in range(14):
        await page.keyboard.press("ArrowLeft")
    assert await slider.input_value() == "30"

    async def is_softer() -> None:
        assert await two.ada.level(BOBS_TONE) < loud - 6

    await once_in(5, is_softer)
    await page.keyboard.press("Home")
    await expect(slider).to_have_attribute("aria-valuetext", "silent")
    assert await two.ada.hears_nothing_of(BOBS_TONE)

    await page.reload()
    await two.ada.in_world()
    await two.ada.page.evaluate("window.atrium.media.setMic(true)")
    await two.ada.until_receiving_packets()
    assert await two.ada.hears_nothing_of(BOBS_TONE)
    await page.get_by_role("button", name=f"Volume of {name}").click()
    await page.get_by_role("button", name="Reset").click()
    await two.ada.until_hears(BOBS_TONE)


async def test_the_key_follows_whoever_is_nearest_until_one_steps_oneself(two: Two) -> None:
    page = two.ada.page
    await two.stand(300, 380)
    bob = (await two.bob.you())["user_id"]
    await page.locator("#map").focus()
    await page.keyboard.press("f")
    await expect(page.get_by_text(f"Following {two.bob.username}")).to_be_visible()
    assert await page.evaluate("window.atrium.following()") == bob
    await two.bob.walk_to(760, LANE)
    await two.until_near(60)
    assert await two.apart() > 20, "one stands on the other"
    await two.bob.walk_to(560, LANE)
    await two.until_near(60)

    await page.keyboard.press("ArrowDown")
    await two.ada.until("window.atrium.following() === null")
    await expect(page.get_by_text(f"Following {two.bob.username}")).to_have_count(0)
    await two.bob.walk_to(300, LANE)
    await asyncio.sleep(0.5)
    assert await two.apart() > 150


async def test_the_button_at_the_row_follows_into_a_room_and_ends_it(two: Two) -> None:
    page = two.ada.page
    await two.stand(300, 380)
    follow = page.get_by_role("button", name=f"Follow {two.bob.username}", exact=True)
    await follow.click()
    await expect(follow).to_have_attribute("aria-pressed", "true")
    await two.bob.walk_to(192, 185)
    await two.until_near(60)
    await two.ada.until("window.atrium.you().zone_id === window.atrium.players()[0].zone_id")
    await follow.click()
    await expect(follow).to_have_attribute("aria-pressed", "false")
    assert await page.evaluate("window.atrium.following()") is None


async def test_somebody_is_found_by_a_bit_of_the_name_and_walked_to(two: Two) -> None:
    page = two.ada.page
    await two.stand(200, 800)
    await page.keyboard.press("Control+k")
    field = page.get_by_role("combobox", name="Name of a person or a room")
    await expect(field).to_be_focused()
    await expect(page.locator("#find-list").get_by_role("option")).to_have_count(
        5
    )  # Bob, three rooms and the Hall
    await page.keyboard.type("nobody at all")
    await expect(page.locator("#find-list").get_by_role("option")).to_have_count(0)
    await field.fill(two.bob.username.upper())
    await expect(page.locator("#find-list").get_by_role("option", selected=True)).to_contain_text(
        two.bob.username
    )
    await page.keyboard.press("Enter")
    await expect(field).to_be_hidden()
    await two.until_near(60)

    await page.keyboard.press("Control+k")
    await page.keyboard.type("room")
    await page.keyboard.press("ArrowDown")
    await expect(page.locator("#find-list").get_by_role("option", selected=True)).to_contain_text("Room 2")
    await page.keyboard.press("Enter")
    await two.ada.until("window.atrium.you().y < 256")
    await page.keyboard.press("Control+k")
    await page.keyboard.press("Escape")
    await expect(field).to_be_hidden()


async def test_my_own_ring_lights_while_i_speak_and_never_while_i_am_muted(two: Two) -> None:
    page = two.ada.page
    me = (await two.ada.you())["user_id"]
    mine = page.locator(f".person[data-user='{me}']")
    await page.evaluate("window.atrium.media.setMic(true)")
    await expect(mine).to_have_class(re.compile(r"\bspeaking\b"))
    await page.evaluate("window.atrium.media.setMic(false)")
    await expect(mine).not_to_have_class(re.compile(r"\bspeaking\b"))
    await asyncio.sleep(0.5)
    await expect(mine).not_to_have_class(re.compile(r"\bspeaking\b"))


async def test_on_a_phone_a_thumb_walks_and_the_panel_is_closed(
    two: Two, browsers: dict[str, Browser], atrium: AtriumServer
) -> None:
    phone = await Person.arrive(
        atrium, browsers["cleo"], viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True
    )
    try:
        await phone.sign_up()
        await phone.enter(two.server_id)
        await expect(phone.page.locator("#side")).to_be_hidden()
        await phone.walk_to(300, LANE)
        box = await phone.page.locator("#joystick").bounding_box()
        assert box is not None
        x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        fingers = await phone.context.new_cdp_session(phone.page)

        async def touch(kind: str, *points: dict[str, float]) -> None:
            await fingers.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": list(points)})

        await touch("touchStart", {"x": x, "y": y})
        await touch("touchMove", {"x": x + 30, "y": y})
        await phone.until("window.atrium.you().x > 360")
        await touch("touchEnd")
        walked: dict[str, Any] = {}
        async with asyncio.timeout(30):
            while walked != (walked := await phone.you()):
                await asyncio.sleep(0.3)
        assert abs(walked["y"] - LANE) < 2
        assert phone.problems == []
    finally:
        await phone.leave()


async def test_on_a_phone_the_rooms_name_is_whole_and_nothing_sticks_out(
    two: Two, browsers: dict[str, Browser], atrium: AtriumServer
) -> None:
    phone = await Person.arrive(atrium, browsers["cleo"], viewport={"width": 390, "height": 844})
    try:
        await phone.sign_up()
        await phone.post(f"/api/servers/{two.server_id}/join")
        await phone.page.goto(f"/m/{two.room}")
        await phone.page.get_by_role("button", name="Join").click()
        await phone.in_world()
        await expect(phone.page.get_by_role("link", name="Enter the world")).to_be_visible()
        title = phone.page.locator(".room-title h1")
        await expect(title).to_have_text("Room 1")
        assert await title.evaluate(
            "h => h.scrollWidth <= h.clientWidth && h.scrollHeight <= h.clientHeight + 1"
        )
        assert await phone.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        sound = phone.page.get_by_role("button", name="Sound")
        await sound.click()
        await expect(sound).to_have_attribute("aria-pressed", "false")
        await expect(phone.page.get_by_text("You hear nobody")).to_be_visible()
        assert phone.problems == []
    finally:
        await phone.leave()


async def test_space_talks_while_it_is_held_and_ends_only_what_it_began(two: Two) -> None:
    page = two.ada.page
    await two.stand(300, 380)
    await page.evaluate("window.atrium.media.setMic(false)")
    await page.locator("#map").focus()
    await page.keyboard.down("Space")
    await two.bob.until_hears(ADAS_TONE)
    await page.keyboard.up("Space")
    await two.ada.until("!window.atrium.media.local.mic")
    assert await two.bob.hears_nothing_of(ADAS_TONE)
    await page.evaluate("window.atrium.media.setMic(true)")
    await page.keyboard.press("Space")
    assert await page.evaluate("window.atrium.media.local.mic"), "a key has muted her"


async def test_the_microphone_is_another_one_at_once_when_it_is_changed_inside(two: Two) -> None:
    page = two.ada.page
    await two.bob.until_hears(ADAS_TONE)
    (before,) = await page.evaluate(SENT_MICROPHONES)
    await page.locator(".bar-settings").click()
    microphones = page.get_by_role("dialog").get_by_label("Microphone")
    another = microphones.locator("option").filter(has_not_text=before)
    await expect(another).not_to_have_count(0)  # the browser is asked for its devices
    names = await another.all_inner_texts()
    await microphones.select_option(label=names[-1])
    await two.ada.until(f"{SENT_MICROPHONES.strip()}.join() === {json.dumps(names[-1])}")
    await page.get_by_role("button", name="Done").click()
    await two.bob.until_hears(ADAS_TONE)


async def test_shift_runs_and_a_double_click_and_the_minimap_walk_there(two: Two) -> None:
    page = two.ada.page
    paces = []
    for keys in (("KeyD",), ("Shift", "ArrowRight")):
        await two.ada.walk_to(300, LANE)
        await page.locator("#map").focus()
        for key in keys:
            await page.keyboard.down(key)
        paces.append(await page.evaluate(PACE))
        for key in keys:
            await page.keyboard.up(key)
    assert paces[1] > paces[0] * 1.3, f"walks {paces[0]:.0f} px/s and runs {paces[1]:.0f} px/s"

    start = await two.ada.you()
    await asyncio.sleep(0.3)  # the view follows
    feet = await page.locator("#floating").bounding_box()
    assert feet is not None
    await page.mouse.dblclick(feet["x"] + feet["width"] / 2 - 160, feet["y"])
    await two.ada.until(f"window.atrium.you().x < {start['x'] - 60}")
    # A click into Room_2 in the corner: out of the Hall by its door.
    minimap = page.locator("#minimap")
    box = await minimap.bounding_box()
    assert box is not None
    await minimap.click(position={"x": box["width"] * 516 / 960, "y": box["height"] * 190 / 640})
    await two.ada.until("window.atrium.you().y < 240 && Math.abs(window.atrium.you().x - 516) < 60", 20)


async def test_on_a_french_keyboard_one_walks_with_the_keys_at_the_same_places(two: Two) -> None:
    page = two.ada.page
    await two.ada.walk_to(300, LANE)
    await page.locator("#map").focus()
    keyboard = await two.ada.context.new_cdp_session(page)
    # What has A and W on it elsewhere writes q and z; a key is known by its place, else by its letter.
    for place, letter, there in (
        ("KeyA", "q", "x < 270"),
        ("KeyW", "z", f"y < {LANE - 30}"),
        ("", "q", "x < 240"),
        ("", "z", f"y < {LANE - 60}"),
    ):
        key = {"code": place, "key": letter}
        await keyboard.send("Input.dispatchKeyEvent", {"type": "keyDown", **key, "text": letter})
        await two.ada.until(f"window.atrium.you().{there}", 20)
        await keyboard.send("Input.dispatchKeyEvent", {"type": "keyUp", **key})


async def test_the_keys_1_to_6_are_emotes_that_the_other_sees(two: Two) -> None:
    page = two.ada.page
    await two.stand(300, 380)
    await page.locator("#map").focus()
    for key, emote in (("1", "wave"), ("2", "heart"), ("6", "question")):
        await page.keyboard.press(key)
        for seen in (page, two.bob.page):
            await expect(seen.locator(f"#bubbles .emote-{emote}")).to_be_visible()
        await asyncio.sleep(0.4)  # the world lets nobody flicker


async def test_a_screen_in_the_world_is_heard_enlarged_pinned_and_full(two: Two) -> None:
    ada, bob = two.ada.page, two.bob.page
    await two.stand(300, 380)
    await bob.evaluate(SHARED)
    await bob.locator("#bar-media").get_by_role("button", name="Share your screen").click()
    screen = ada.locator("figure.tile-screen")
    await two.ada.until("document.querySelector('figure.tile-screen video')?.videoWidth === 1280")
    await two.ada.until_hears(1600)
    await screen.hover()
    await screen.get_by_role("button", name="Enlarge").click()
    await expect(screen).to_have_class(re.compile("large"))
    assert two.said[-1] == {"type": "pin", "user_id": (await two.bob.you())["user_id"]}
    await screen.get_by_role("button", name="Full screen").click()
    await two.ada.until("document.fullscreenElement?.matches('figure.tile-screen') === true")
    await ada.evaluate("document.exitFullscreen()")
    await bob.locator("#bar-media").get_by_role("button", name="Stop sharing").click()
    await expect(screen).to_have_count(0)
    assert await two.ada.hears_nothing_of(1600)


async def test_the_pages_had_no_errors(two: Two) -> None:
    assert two.ada.problems == []
    assert two.bob.problems == []
