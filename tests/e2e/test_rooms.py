"""Private rooms and their meeting links: exactly the people inside, at any distance."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Browser, expect

from maps.templates import template
from tests.e2e.people import Person
from tests.e2e.test_accessibility import assert_accessible
from tests.support.atrium_server import AtriumServer

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]

LANE = 560.0
COLLISION = template("office").game_map.collision
# Two far corners of Room_1, and a place in the Hall just below its wall.
CORNER_1 = COLLISION.nearest_free(70, 90)
CORNER_2 = COLLISION.nearest_free(300, 220)
BELOW_THE_WALL = COLLISION.nearest_free(180, 330)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def trio(
    atrium: AtriumServer, browsers: dict[str, Browser]
) -> AsyncIterator[tuple[Person, Person, Person, dict[str, str]]]:
    """Ada, Bob and Cleo near each other in the Hall; and the meeting id of each zone."""
    ada, bob, cleo = [await (await Person.arrive(atrium, browsers[v])).sign_up() for v in browsers]
    server = await ada.create_server()
    links = {zone["name"]: zone["meeting_id"] for zone in server["zones"]}
    people = (ada, bob, cleo)
    await asyncio.gather(*(person.enter(server["id"]) for person in people))
    await asyncio.gather(*(person.speak_and_show() for person in people))
    yield ada, bob, cleo, links
    for person in people:
        await person.leave()


async def test_walking_into_a_room_ends_the_hall_and_walking_out_brings_it_back(
    trio: tuple[Person, Person, Person, dict[str, str]],
) -> None:
    ada, bob, cleo, _ = trio
    await asyncio.gather(ada.walk_to(*BELOW_THE_WALL), bob.walk_to(300, LANE))
    await cleo.walk_to(900, LANE)
    await ada.walk_to(300, 480)
    await asyncio.gather(ada.until_receiving(), bob.until_receiving())

    await ada.walk_to(*CORNER_1)
    await asyncio.gather(ada.until_silent(), bob.until_silent())
    # Nearer than the hearing radius, and a wall between them.
    await bob.walk_to(*BELOW_THE_WALL)
    for got in await asyncio.gather(ada.receives(2), bob.receives(2)):
        assert got.packets == 0

    await ada.walk_to(300, 480)
    await asyncio.gather(ada.until_receiving(), bob.until_receiving())


async def test_in_a_room_everybody_hears_everybody_at_full_volume(
    trio: tuple[Person, Person, Person, dict[str, str]],
) -> None:
    ada, bob, cleo, _ = trio
    await asyncio.gather(ada.walk_to(*CORNER_1), cleo.walk_to(*CORNER_2), bob.walk_to(*BELOW_THE_WALL))
    await asyncio.gather(ada.until_receiving(), cleo.until_receiving())
    assert await ada.gain_of(cleo) == 1
    await ada.until_hears(1130)
    assert await ada.hears_nothing_of(700), "bob is heard through the wall"
    await bob.until_silent()


async def test_a_guest_of_the_meeting_link_is_heard_in_the_room_and_nowhere_else(
    trio: tuple[Person, Person, Person, dict[str, str]], browsers: dict[str, Browser], atrium: AtriumServer
) -> None:
    ada, bob, cleo, links = trio
    # Cleo goes home; her voice comes back as a guest's.
    await cleo.page.goto("/dashboard")
    await asyncio.gather(ada.walk_to(*CORNER_1), bob.walk_to(*BELOW_THE_WALL))
    await bob.until_silent()
    guest = await Person.arrive(atrium, browsers["cleo"])
    try:
        await guest.page.goto(f"/m/{links['Room_1']}")
        await guest.page.get_by_label("Your name").fill("Grace")
        await guest.page.get_by_role("button", name="Join").click()
        await guest.in_world()
        await guest.speak_and_show()
        await asyncio.gather(ada.until_receiving(), guest.until_receiving())
        await ada.until_hears(1130)
        await guest.until_hears(440)
        assert (await bob.receives(2)).packets == 0
        seen = await ada.page.evaluate("window.atrium.players()")
        assert [p["presence"] for p in seen if p["name"] == "Grace"] == ["guest"]
    finally:
        await guest.leave()
    await ada.until_silent()


async def test_an_unknown_or_rotated_link_says_so_politely(
    trio: tuple[Person, Person, Person, dict[str, str]], browsers: dict[str, Browser], atrium: AtriumServer
) -> None:
    ada, _, _, links = trio
    stranger = await Person.arrive(atrium, browsers["bob"])
    try:
        answer = await stranger.page.goto("/m/this-link-never-was-one")
        assert answer is not None
        assert answer.status == 404
        assert "link" in (await stranger.page.inner_text("main")).lower()

        meeting = await ada.get(f"/api/meetings/{links['Room_2']}")
        assert meeting["zone"]["name"] == "Room_2"
        zone_id = meeting["zone"]["id"]
        rotated = await ada.post(f"/api/zones/{zone_id}/meeting")
        assert rotated["meeting_id"] != links["Room_2"]
        answer = await stranger.page.goto(f"/m/{links['Room_2']}")
        assert answer is not None
        assert answer.status == 404
        answer = await stranger.page.goto(f"/m/{rotated['meeting_id']}")
        assert answer is not None
        assert answer.status == 200
    finally:
        await stranger.leave()


async def test_who_runs_the_place_locks_a_room_and_whoever_stands_at_its_door_is_told(
    trio: tuple[Person, Person, Person, dict[str, str]],
) -> None:
    ada, bob, _, _ = trio
    await bob.walk_to(*BELOW_THE_WALL)
    for person in (ada, bob):
        await person.page.get_by_role("tab", name="Rooms").click()
    assert await bob.page.get_by_role("button", name="Change Room 3").count() == 0, "bob runs nothing"
    await ada.page.get_by_role("button", name="Change Room 3").click()
    dialog = ada.page.get_by_role("dialog", name="Change Room 3")
    await assert_accessible(ada.page, "changing a room")
    await dialog.get_by_label("Places").fill("2.5")
    await dialog.get_by_role("button", name="Save").click()
    await expect(dialog.get_by_text("A whole number")).to_be_visible()
    await dialog.get_by_label("Places").fill("2")
    await dialog.get_by_role("switch", name="Locked").check()
    await dialog.get_by_role("button", name="Save").click()
    await expect(dialog).to_be_hidden()
    room = bob.page.locator(".room", has_text="Room 3")
    await expect(room).to_contain_text("Locked")
    await room.get_by_role("button", name="Walk to Room 3").click()
    await expect(bob.page.locator(".toast", has_text="This room is locked")).to_be_visible()
    assert await bob.page.inner_text("#zone-name") != "Room 3"

    await ada.walk_to(*COLLISION.nearest_free(780, 150))
    await bob.page.get_by_role("button", name="Knock at Room 3").click()
    await ada.page.get_by_role("button", name="Let in").click()
    await expect(bob.page.locator("#zone-name")).to_have_text("Room 3")
    await bob.walk_to(*BELOW_THE_WALL)

    await ada.page.get_by_role("button", name="Change Room 3").click()
    await expect(dialog.get_by_label("Places")).to_have_value("2")
    await dialog.get_by_role("switch", name="Locked").uncheck()
    await dialog.get_by_role("button", name="Save").click()
    await expect(room).to_contain_text("Private")
    await room.get_by_role("button", name="Walk to Room 3").click()
    await expect(bob.page.locator("#zone-name")).to_have_text("Room 3")
