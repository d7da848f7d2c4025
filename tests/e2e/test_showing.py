"""Statuses and sitting between two browsers, as one sees them of the other."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
import pytest_asyncio
from playwright.async_api import Browser, expect

from tests.e2e.people import Person, ada_and_bob
from tests.support.atrium_server import AtriumServer

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]


@dataclass
class Two:
    ada: Person
    bob: Person


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def two(atrium: AtriumServer, browsers: dict[str, Browser]) -> AsyncIterator[Two]:
    async with ada_and_bob(atrium, browsers) as (ada, bob):
        server = await ada.create_server("Statuses")
        await ada.enter(server["id"])
        await bob.enter(server["id"])
        yield Two(ada, bob)


async def choose(person: Person, words: str) -> None:
    await person.page.get_by_role("button", name="Emotes and status").click()
    await person.page.get_by_role("button", name=words, exact=True).click()


async def test_busy_is_shown_to_the_other_in_words(two: Two) -> None:
    await choose(two.ada, "Busy")
    row = two.bob.page.locator(f'.person[data-user="{(await two.ada.you())["user_id"]}"]')
    await expect(row).to_contain_text("Busy")
    await expect(two.ada.page.locator(".mode-busy")).to_be_visible()


async def test_who_goes_away_stops_sending_and_is_not_turned_on_again(two: Two) -> None:
    await two.ada.speak_and_show()
    await two.bob.until_receiving()
    await choose(two.ada, "Away")
    await two.bob.until_silent()
    assert not await two.ada.page.evaluate("atrium.media.local.mic || atrium.media.local.camera")
    await two.ada.page.get_by_role("button", name="I am back").click()
    await expect(two.ada.page.locator(".mode-away")).to_have_count(0)
    assert not await two.ada.page.evaluate("atrium.media.local.mic || atrium.media.local.camera")
    await two.bob.until_silent()


async def test_a_status_is_kept_when_the_page_is_loaded_anew(two: Two) -> None:
    await choose(two.ada, "Busy")
    await expect(two.ada.page.locator(".mode-busy")).to_be_visible()
    await two.ada.page.reload()
    await two.ada.in_world()
    await expect(two.ada.page.locator(".mode-busy")).to_be_visible()
    user = (await two.ada.you())["user_id"]
    await two.bob.until(f"atrium.players().find((p) => p.user_id === '{user}')?.showing.status === 'busy'")
    await choose(two.ada, "Available")


async def test_x_walks_to_a_chair_and_sits_and_a_step_gets_up(two: Two) -> None:
    page = two.ada.page
    await two.ada.walk_to(192, 210)
    await page.locator("#map").focus()
    await page.keyboard.press("x")
    user = (await two.ada.you())["user_id"]
    seated = f"atrium.players().find(p => p.user_id === '{user}')?.showing.seated"
    await two.bob.until(seated)
    await page.keyboard.down("ArrowDown")
    await two.bob.until(f"!({seated})")
    await page.keyboard.up("ArrowDown")


async def test_a_look_is_put_together_inside_and_the_other_sees_it_at_once(two: Two) -> None:
    page = two.ada.page
    await page.get_by_role("button", name="Change your look").click()
    dialog = page.get_by_role("dialog", name="Change your look")
    await dialog.get_by_role("radio", name="Headscarf").check()
    await dialog.get_by_role("group", name="Their colour").get_by_role("radio", name="Plum").check()
    await dialog.get_by_role("radio", name="Glasses").check()
    await dialog.get_by_role("button", name="Save").click()
    await expect(dialog).to_be_hidden()
    user = (await two.ada.you())["user_id"]
    await two.bob.until(f"atrium.players().find(p => p.user_id === '{user}')?.avatar.startsWith('me-')")
    account = await two.ada.get("/api/auth/me")
    assert account["user"]["avatar"].startswith("me-")
    # The picture in the other's list is painted, not a pair of letters.
    face = two.bob.page.locator(f'.person[data-user="{user}"] .face img')
    await expect(face).to_have_attribute("src", re.compile("^data:image/png"))


async def test_without_a_chair_nearby_it_is_said_so(two: Two) -> None:
    await two.ada.walk_to(500, 590)
    await two.ada.page.locator("#map").focus()
    await two.ada.page.keyboard.press("x")
    await expect(two.ada.page.locator("#toasts")).to_contain_text("No free seat is near")
