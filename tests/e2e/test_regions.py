"""Who makes a server chooses a region where media workers stand in several, and is not asked otherwise."""

from __future__ import annotations

import json

import pytest
from playwright.async_api import Browser, Route, expect

from tests.e2e.people import Person
from tests.support.atrium_server import AtriumServer

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]


async def test_a_region_is_asked_for_where_there_are_several_and_its_end_is_told(
    atrium: AtriumServer, browsers: dict[str, Browser]
) -> None:
    ada = await Person.arrive(atrium, browsers["ada"])
    try:
        await ada.sign_up()
        page = ada.page
        await page.goto(f"{atrium.url}/dashboard")
        await page.click("#open-create")
        await expect(page.locator("#map-choices img").first).to_be_visible()
        await expect(page.get_by_label("Where most people are")).to_be_hidden()
        await page.keyboard.press("Escape")

        # What a server answers whose workers stand in two regions; this one's worker stands in none.
        async def two(route: Route) -> None:
            await route.fulfill(status=200, body=json.dumps({"regions": ["eu-west", "us-east"]}))

        await page.route("**/api/regions", two)
        await page.click("#open-create")
        choice = page.get_by_label("Where most people are")
        await expect(choice).to_be_visible()
        assert await choice.locator("option").all_text_contents() == ["Anywhere", "eu-west", "us-east"]
        await page.fill("#create-name", "Guild")
        await choice.select_option("us-east")
        await page.click("#create button[type=submit]")
        await expect(page.locator('[data-error-for="region"]').first).to_contain_text("no such region")
        await choice.select_option("")
        await page.click("#create button[type=submit]")
        await page.wait_for_url("**/s/*")
    finally:
        await ada.leave()
