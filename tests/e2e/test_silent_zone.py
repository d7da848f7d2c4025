"""A silent zone: nobody hears or sees anybody there, and the page says so in words."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Browser, expect

from tests.e2e.people import Person, ada_and_bob
from tests.support.atrium_server import AtriumServer

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]

# A straight, free lane through the Hall of the Office, with the library across it.
LANE = 560.0
LIBRARY = {"x": 420.0, "y": 500.0, "width": 160.0, "height": 100.0}
OUTSIDE, AT_THE_DOOR, INSIDE, FURTHER_INSIDE = 300.0, 400.0, 450.0, 540.0


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def pair(atrium: AtriumServer, browsers: dict[str, Browser]) -> AsyncIterator[tuple[Person, Person]]:
    """Ada and Bob in an Office whose Hall has a library, microphones and cameras on."""
    async with ada_and_bob(atrium, browsers) as (ada, bob):
        server = await ada.create_server()
        await ada.post(
            f"/api/servers/{server['id']}/zones", {"name": "Library", "type": "SILENT", "bounds": LIBRARY}
        )
        await asyncio.gather(ada.enter(server["id"]), bob.enter(server["id"]))
        await asyncio.gather(ada.speak_and_show(), bob.speak_and_show())
        yield ada, bob


async def nothing_passes(ada: Person, bob: Person) -> None:
    """No packet of either reaches the other, once what was on its way has arrived."""
    await asyncio.gather(ada.until_silent(), bob.until_silent())
    for got in await asyncio.gather(ada.receives(2), bob.receives(2)):
        assert (got.packets, got.video) == (0, 0)


async def test_who_goes_into_a_silent_zone_is_cut_off_from_the_neighbour_outside(
    pair: tuple[Person, Person],
) -> None:
    ada, bob = pair
    await asyncio.gather(ada.walk_to(OUTSIDE, LANE), bob.walk_to(AT_THE_DOOR, LANE))
    await asyncio.gather(ada.until_receiving(), bob.until_receiving())
    await bob.walk_to(INSIDE, LANE)
    await expect(bob.page.locator("#zone-name")).to_have_text("Library")
    await expect(bob.page.locator("#toasts")).to_contain_text("a silent zone: nobody hears anybody here")
    await ada.walk_to(AT_THE_DOOR, LANE)
    await nothing_passes(ada, bob)


async def test_two_people_side_by_side_in_a_silent_zone_do_not_hear_each_other(
    pair: tuple[Person, Person],
) -> None:
    ada, bob = pair
    await asyncio.gather(ada.walk_to(INSIDE, LANE), bob.walk_to(FURTHER_INSIDE, LANE))
    await expect(ada.page.locator("#zone-name")).to_have_text("Library")
    await nothing_passes(ada, bob)


async def test_outside_again_they_hear_each_other_and_are_told_so(pair: tuple[Person, Person]) -> None:
    ada, bob = pair
    await asyncio.gather(ada.walk_to(OUTSIDE, LANE), bob.walk_to(AT_THE_DOOR, LANE))
    await expect(ada.page.locator("#zone-name")).to_have_text("Hall")
    await expect(ada.page.locator("#toasts")).to_contain_text("people nearby hear you")
    await asyncio.gather(ada.until_receiving(), bob.until_receiving())
