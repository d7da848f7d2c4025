"""Those who look after a server, by hand: they invite, remove, ban, give roles and rename it."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import Browser, expect

from tests.e2e.people import PASSWORD, Person
from tests.e2e.test_accessibility import assert_accessible
from tests.support.atrium_server import AtriumServer

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]

PHONE = {"width": 390, "height": 844}


async def test_an_invited_stranger_comes_in_is_sent_away_and_let_in_again(
    atrium: AtriumServer, browsers: dict[str, Browser]
) -> None:
    ada = await (await Person.arrive(atrium, browsers["ada"])).sign_up()
    bob = await Person.arrive(atrium, browsers["bob"], viewport=PHONE)
    try:
        server = await ada.create_server("Garden")
        await ada.enter(server["id"])
        await ada.context.grant_permissions(
            ["microphone", "camera", "clipboard-read", "clipboard-write"], origin=atrium.url
        )
        await ada.page.get_by_role("button", name="Invite people").click()
        await expect(ada.page.locator(".toast", has_text="invitation")).to_be_visible()
        link = await ada.page.evaluate("navigator.clipboard.readText()")

        await bob.page.goto(link)
        await expect(bob.page.get_by_role("heading", name="Garden")).to_be_visible()
        await assert_accessible(bob.page, "an invitation before there is an account")
        await bob.page.get_by_role("link", name="Make an account").click()
        await bob.page.get_by_label("Username").fill(bob.username)
        await bob.page.get_by_label("Password", exact=True).fill(PASSWORD)
        await bob.page.get_by_role("button", name="Make the account").click()
        await bob.page.get_by_role("button", name="Join and enter").click()
        await bob.page.get_by_role("button", name="Skip").click()
        await bob.in_world()

        # The sheet of a phone does not hide the walk that was asked for in it.
        await bob.page.locator("#panel-toggle").click()
        assert await bob.page.get_by_role("button", name="Invite people").count() == 0, "bob runs nothing"
        await bob.page.get_by_role("tab", name="Rooms").click()
        await bob.page.get_by_role("button", name="Walk to Room 1").click()
        await expect(bob.page.locator("#side")).to_be_hidden()
        await expect(bob.page.locator("#zone-name")).to_have_text("Room 1")

        await bob.page.evaluate("window.atrium.media.setMic(true)")
        await ada.page.get_by_role("button", name=f"Volume of {bob.username}").click()
        await ada.page.get_by_role("button", name="Mute", exact=True).click()
        await expect(bob.page.locator(".toast", has_text="has muted you")).to_be_visible()
        await bob.until("!window.atrium.media.local.mic")

        await ada.page.get_by_role("button", name="Remove…").click()
        sure = ada.page.get_by_role("dialog", name=f"Remove {bob.username}?")
        await sure.get_by_role("switch", name="For good").check()
        await assert_accessible(ada.page, "sending somebody away")
        await sure.get_by_role("button", name="Remove").click()
        await expect(bob.page.get_by_text("You were removed from this server.")).to_be_visible()
        await expect(ada.page.locator(".toast", has_text="was removed")).to_be_visible()
        await bob.page.goto(link)
        await bob.page.get_by_role("button", name="Join and enter").click()
        await expect(bob.page.get_by_text("You cannot join this server.")).to_be_visible()

        await ada.page.goto("/dashboard")
        await ada.page.get_by_role("button", name="Manage Garden").click()
        manage = ada.page.get_by_role("dialog", name="Manage Garden")
        await expect(manage.get_by_text("Kept out")).to_be_visible()
        await assert_accessible(ada.page, "managing a server")
        await manage.get_by_role("button", name=f"Let in again {bob.username}").click()
        await expect(manage.get_by_text("Kept out")).to_be_hidden()
        await bob.page.goto(link)
        await bob.page.get_by_role("button", name="Join and enter").click()
        await bob.in_world()

        await ada.page.reload()
        await ada.page.get_by_role("button", name="Manage Garden").click()
        await manage.get_by_label(f"Role of {bob.username}").select_option("Moderator")
        await expect(ada.page.locator(".toast", has_text="Saved")).to_be_visible()
        await manage.get_by_label("Name").fill("Orchard")
        await manage.get_by_role("button", name="Save").click()
        await expect(ada.page.get_by_role("link", name="Orchard")).to_have_count(1)
        await bob.page.goto("/dashboard")
        card = bob.page.locator(".server", has_text="Orchard")
        await expect(card).to_contain_text("Moderator")
        await card.get_by_role("button", name=re.compile("Manage")).click()
        await expect(bob.page.get_by_role("dialog").get_by_text(ada.username).first).to_be_visible()
        assert await bob.page.locator("#manage-name").count() == 0, "a moderator does not rename the place"
    finally:
        await ada.leave()
        await bob.leave()


async def test_a_password_is_changed_on_the_dashboard(
    atrium: AtriumServer, browsers: dict[str, Browser]
) -> None:
    ada = await (await Person.arrive(atrium, browsers["ada"], viewport=PHONE)).sign_up()
    try:
        page = ada.page
        await page.goto("/dashboard")
        await page.locator("#who").click()
        await page.locator("summary", has_text="Change your password").click()
        await page.get_by_label("Your password now").fill("a guess")
        await page.get_by_label("New password").fill("battery staple")
        await page.get_by_role("button", name="Change your password").click()
        await expect(page.get_by_text("This is not your password.")).to_be_visible()
        await assert_accessible(page, "changing the password")
        await page.get_by_label("Your password now").fill(PASSWORD)
        await page.get_by_role("button", name="Change your password").click()
        await expect(page.locator(".toast", has_text="Your password is changed.")).to_be_visible()
        await ada.post("/api/auth/login", {"username": ada.username, "password": "battery staple"})
    finally:
        await ada.leave()
