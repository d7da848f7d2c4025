"""The admin page in a browser: who is where and how good, as it changes, and for nobody else."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, expect

from tests.e2e.people import Person
from tests.support.atrium_server import AtriumServer
from tests.support.walker import Walker

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AtriumServer]:
    """Its own: the boss here is the first who signs up."""
    with AtriumServer(tmp_path_factory.mktemp("admin"), ATRIUM_WORKER_NAME="carrier") as running:
        yield running


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def boss(server: AtriumServer, browsers: dict[str, Browser]) -> AsyncIterator[Person]:
    person = await Person.arrive(server, browsers["ada"], viewport={"width": 1440, "height": 900})
    await person.sign_up()
    yield person
    await person.leave()


async def test_it_shows_who_is_where_and_follows_what_changes(boss: Person, tmp_path: Path) -> None:
    page = boss.page
    home = await boss.create_server("Guild hall")
    await page.goto("/dashboard")
    await page.get_by_role("link", name="Installation").click()
    await expect(page.get_by_text("Nobody is here at the moment.")).to_be_visible()
    await expect(page.get_by_role("table", name="Media workers")).to_contain_text("carrier")

    walkers = [await Walker(boss.server.url).sign_up() for _ in range(3)]
    try:
        for walker in walkers:
            await walker.enter(home["id"])
        for walker, luma in ((walkers[0], 100), (walkers[1], None)):
            await walker.start_media(440.0, luma=luma)
        people = page.get_by_role("table", name="Guild hall")
        first = people.get_by_role("row").filter(has_text=walkers[0].username)
        await expect(first).to_contain_text("Hall")
        await expect(first).to_contain_text("carrier")
        await expect(first.get_by_text("Camera")).to_be_attached()
        await expect(people.get_by_role("row").filter(has_text=walkers[2].username)).to_contain_text(
            "No media"
        )
        await expect(first).to_contain_text("kbit/s")
        await expect(page.locator(".quality.good, .quality.fair").first).to_be_visible()
        plot = page.get_by_role("img", name="People, the last five minutes: now 3")
        await expect(plot).to_be_visible()
        await asyncio.sleep(float(os.environ.get("ADMIN_SECONDS", "0")))

        wanted = os.environ.get("SCREENSHOTS")
        for width, height in ((1440, 900), (390, 844)):
            await page.set_viewport_size({"width": width, "height": height})
            await asyncio.sleep(0.4)
            assert await page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
            folder = Path(wanted) if wanted else tmp_path
            await page.screenshot(path=folder / f"admin-{width}x{height}.png", full_page=width < 500)
        await page.set_viewport_size({"width": 1440, "height": 900})

        await page.get_by_label("Find a person").fill(walkers[1].username)
        await expect(people.get_by_role("row")).to_have_count(2)  # the head and one
        await page.get_by_label("Find a person").fill("nobody like that")
        await expect(page.get_by_text("Nobody fits")).to_be_visible()
        await page.get_by_label("Find a person").fill("")
    finally:
        for walker in walkers:
            await walker.close()
    await expect(page.get_by_role("img", name="People, the last five minutes: now 0")).to_be_visible()
    assert boss.problems == []


async def test_a_worker_is_drained_after_a_question_and_takes_people_again(
    boss: Person, tmp_path: Path
) -> None:
    page = boss.page
    await page.goto("/admin")
    table = page.get_by_role("table", name="Media workers")
    await table.get_by_role("button", name="Drain carrier").click()
    question = page.get_by_role("dialog", name="Drain carrier?")
    await expect(question).to_contain_text("There is no other worker")
    await page.screenshot(path=Path(os.environ.get("SCREENSHOTS") or tmp_path) / "admin-drain.png")
    await question.get_by_role("button", name="Cancel").click()
    await expect(table.get_by_role("button", name="Drain carrier")).to_be_visible()

    await table.get_by_role("button", name="Drain carrier").focus()
    await page.keyboard.press("Enter")
    await question.get_by_role("button", name="Drain").click()
    await expect(page.get_by_text("carrier is being drained.")).to_be_visible()
    again = table.get_by_role("button", name="Take people on carrier again")
    await again.focus()
    await page.wait_for_event("response", lambda answer: answer.url.endswith("/api/admin/overview"))
    await page.wait_for_event("response", lambda answer: answer.url.endswith("/api/admin/overview"))
    await expect(again).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(table.get_by_role("button", name="Drain carrier")).to_be_visible()
    assert boss.problems == []


async def test_to_everybody_else_it_does_not_exist(
    server: AtriumServer, boss: Person, browsers: dict[str, Browser]
) -> None:
    stranger = await Person.arrive(server, browsers["bob"])
    try:
        await stranger.page.goto("/admin")
        assert "/login?next=/admin" in stranger.page.url
        await stranger.sign_up()
        answer = await stranger.page.goto("/admin")
        assert answer is not None
        assert answer.status == 404
        await stranger.page.goto("/dashboard")
        await expect(stranger.page.get_by_role("link", name="Installation")).to_have_count(0)
    finally:
        await stranger.leave()
