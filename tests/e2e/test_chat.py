"""The chat between real pages: rooms that keep to themselves, history, unread marks, files, reactions."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Locator, Page, expect

from tests.e2e.people import Person, ada_and_bob
from tests.support.atrium_server import AtriumServer

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]

LANE = 560.0
# A grey picture of 2 × 2 px.
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000002000000020800000000"
    "57dd52f8"
    "0000000e4944415478da6368686068680000060402017f8a2f9f"
    "0000000049454e44ae426082"
)
# Writes one line as soon as the one before is there. Returns the first that is in the field again.
FAST = """async () => {
  const field = document.querySelector(".write textarea");
  const said = () => [...document.querySelectorAll(".line.mine .line-text")].map((p) => p.textContent);
  for (let i = 1; i < 100; i++) {
    const text = `fast ${i}`;
    field.value = text;
    field.form.requestSubmit();
    do {
      await new Promise((done) => setTimeout(done, 5));
      if (field.value === text) return text;
    } while (!said().includes(text));
  }
  return null;
}"""


@dataclass
class Two:
    """Ada (the owner) and Bob in one Office."""

    ada: Person
    bob: Person
    server_id: str
    zones: dict[str, dict[str, Any]]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def two(atrium: AtriumServer, browsers: dict[str, Browser]) -> AsyncIterator[Two]:
    async with ada_and_bob(atrium, browsers) as (ada, bob):
        made = await ada.create_server()
        await asyncio.gather(ada.enter(made["id"]), bob.enter(made["id"]))
        yield Two(ada, bob, made["id"], {zone["name"]: zone for zone in made["zones"]})


async def open_chat(page: Page, channel: str | None = None) -> None:
    """The chat tab, and a channel in it."""
    await page.get_by_role("tab", name="Chat").click()
    if channel is not None:
        await page.locator(".scopes").get_by_role("button", name=re.compile(f"^{channel}")).click()


async def say(page: Page, text: str) -> None:
    """Write a line, and again where it is given back because that was too fast; returns once it is there."""
    field = page.get_by_role("textbox", name="Message", exact=True)
    mine = page.locator(".line.mine", has=page.get_by_text(text, exact=True))
    await field.fill(text)
    async with asyncio.timeout(15):
        while not await mine.count():
            if await field.input_value() == text:
                await field.press("Enter")
            await asyncio.sleep(0.1)


def line(page: Page, text: str) -> Locator:
    return page.locator(".line", has=page.get_by_text(text, exact=True))


def picture(page: Page, text: str) -> Locator:
    """The picture that was sent with a line."""
    return line(page, text).locator("img.line-picture")


async def test_everyone_reads_what_is_said_to_everyone_with_links_that_are_safe(two: Two) -> None:
    ada, bob = two.ada.page, two.bob.page
    await open_chat(ada, "Everyone")
    await open_chat(bob, "Everyone")
    await say(ada, "see https://example.org/plan, or <b>javascript:alert(1)</b>")
    link = bob.locator(".line a")
    await expect(link).to_have_attribute("href", "https://example.org/plan")
    await expect(link).to_have_attribute("rel", re.compile("noopener"))
    await expect(bob.locator(".line-text")).to_contain_text("<b>javascript:alert(1)</b>")
    await expect(bob.locator(".line a")).to_have_count(1)


async def test_reactions_are_seen_by_both_and_taken_back(two: Two) -> None:
    ada, bob = two.ada.page, two.bob.page
    await say(ada, "shall we?")
    theirs = line(bob, "shall we?")
    await theirs.hover()
    await theirs.get_by_role("button", name="React").click()
    await theirs.get_by_role("group", name="React").get_by_role("button", name="Thumbs up").click()
    mine = line(ada, "shall we?").locator(".reaction")
    await expect(mine).to_have_text("1")
    await expect(mine).to_have_attribute("aria-pressed", "false")
    await mine.click()
    await expect(theirs.locator(".reaction")).to_have_text("2")
    await theirs.locator(".reaction").click()
    await expect(mine).to_have_text("1")
    await expect(mine).to_have_attribute("aria-pressed", "true")


async def test_a_line_is_taken_back_everywhere(two: Two) -> None:
    ada, bob = two.ada.page, two.bob.page
    await say(bob, "a mistake")
    theirs = line(ada, "a mistake")
    await theirs.hover()
    await theirs.get_by_role("button", name="Take back").click()  # Ada owns the place
    await expect(line(bob, "a mistake")).to_have_count(0)
    await say(ada, "mine alone to take back")
    other = line(bob, "mine alone to take back")
    await other.hover()
    await expect(other.get_by_role("button", name="Take back")).to_have_count(0)


async def test_a_picture_is_shown_and_another_file_is_saved(two: Two, tmp_path: Path) -> None:
    ada, bob = two.ada.page, two.bob.page
    await ada.locator(".write input[type=file]").set_input_files(
        {"name": "plan.png", "mimeType": "image/png", "buffer": PNG}
    )
    await expect(ada.locator(".attached")).to_contain_text("plan.png")
    await say(ada, "the plan")
    plan = picture(bob, "the plan")
    await expect(plan).to_be_visible()
    await expect(plan).to_have_js_property("naturalWidth", 2)

    await ada.locator(".write input[type=file]").set_input_files(
        {"name": "notes.html", "mimeType": "text/html", "buffer": b"<script>alert(1)</script>"}
    )
    await say(ada, "the notes")
    async with bob.expect_download() as saving:
        await line(bob, "the notes").locator("a.line-file").click()
    saved = await saving.value
    assert saved.suggested_filename == "notes.html"
    await saved.save_as(tmp_path / "notes.html")
    assert (tmp_path / "notes.html").read_bytes() == b"<script>alert(1)</script>"


async def test_what_was_said_is_there_after_a_reload_with_its_reactions_and_files(two: Two) -> None:
    bob = two.bob
    await bob.page.reload()
    await bob.in_world()
    await open_chat(bob.page, "Everyone")
    await expect(line(bob.page, "shall we?").locator(".reaction")).to_have_text("1")
    await expect(picture(bob.page, "the plan")).to_be_visible()
    await expect(line(bob.page, "a mistake")).to_have_count(0)


async def test_unread_lines_are_counted_until_they_are_read_also_across_a_reload(two: Two) -> None:
    ada, bob = two.ada.page, two.bob.page
    await bob.get_by_role("tab", name="People").click()
    for text in ("one", "two"):
        await say(ada, text)
    count = bob.locator("#tab-chat .tab-count")
    await expect(count).to_have_text("2")
    await bob.reload()
    await two.bob.in_world()
    await expect(count).to_have_text("2")
    await bob.get_by_role("tab", name="Chat").click()
    channel = bob.locator(".scopes").get_by_role("button", name="Everyone, 2 unread lines")
    async with bob.expect_response("**/chat/read"):  # the mark is set a moment after the look
        await channel.click()
        await expect(line(bob, "two")).to_be_visible()
        await expect(count).to_have_text("")
    await bob.reload()
    await two.bob.in_world()
    await asyncio.sleep(0.5)
    await expect(count).to_have_text("")


async def test_what_is_written_too_fast_is_given_back_and_not_lost(two: Two) -> None:
    ada, bob = two.ada.page, two.bob.page
    await open_chat(bob, "Everyone")
    text = await ada.evaluate(FAST)
    assert text, "one line after the other was taken"
    await expect(ada.locator("#toasts")).to_contain_text("faster than anybody can follow")
    await expect(ada.get_by_role("textbox", name="Message", exact=True)).to_have_value(text)
    await say(ada, text)
    await expect(line(bob, text)).to_be_visible()


async def test_two_people_write_to_each_other_and_nobody_else_reads_it(
    two: Two, atrium: AtriumServer, browsers: dict[str, Browser]
) -> None:
    cleo = await (await Person.arrive(atrium, browsers["cleo"])).sign_up()
    try:
        await cleo.enter(two.server_id)
        ada, bob = two.ada.page, two.bob.page
        await ada.get_by_role("tab", name="People").click()
        await ada.get_by_role("button", name=f"Write to {two.bob.username}").click()
        await expect(ada.get_by_role("textbox", name="Message", exact=True)).to_be_focused()
        await say(ada, "between us")
        await open_chat(bob, two.ada.username)
        await expect(line(bob, "between us")).to_be_visible()
        await say(bob, "I read it")
        await expect(line(ada, "I read it")).to_be_visible()
        await asyncio.sleep(0.5)
        await open_chat(cleo.page)
        assert await cleo.page.locator(".scopes button").all_inner_texts() == ["Nearby", "Hall", "Everyone"]
        await expect(cleo.page.get_by_text("between us")).to_have_count(0)
        assert cleo.problems == []
    finally:
        await cleo.leave()


async def test_a_rooms_chat_stays_in_the_room_and_a_draft_does_not_leave_it(two: Two) -> None:
    ada, bob = two.ada.page, two.bob.page
    await asyncio.gather(two.ada.walk_to(192, 185), two.bob.walk_to(300, LANE))
    await open_chat(ada, "Room 1")
    await open_chat(bob)
    await say(ada, "only in here")
    await expect(line(ada, "only in here")).to_be_visible()
    await asyncio.sleep(0.5)
    await expect(bob.get_by_text("only in here")).to_have_count(0)
    answer = await two.bob.context.request.get(
        f"/api/servers/{two.server_id}/chat/lines?scope=zone&to={two.zones['Room_1']['id']}"
    )
    assert answer.status == 404
    field = ada.get_by_role("textbox", name="Message", exact=True)
    await field.fill("a secret, half written")
    await two.ada.walk_to(400, LANE)
    await expect(ada.locator(".scopes").get_by_role("button", name="Room 1")).to_have_count(0)
    await expect(field).to_have_value("")
    await expect(ada.get_by_text("only in here")).to_have_count(0)
    # Who comes in later reads what was said in the room.
    await two.bob.walk_to(192, 185)
    await open_chat(bob, "Room 1")
    await expect(line(bob, "only in here")).to_be_visible()


async def test_the_pages_had_no_errors(two: Two) -> None:
    assert two.ada.problems == []
    assert two.bob.problems == []
