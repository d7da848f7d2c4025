"""What is seen of the map alone: how far one is heard, how near one looks, a graphics card that goes away.

A canvas tells nobody what is on it, so the picture itself is compared, beside what the page says of it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from io import BytesIO

import pytest
import pytest_asyncio
from PIL import Image, ImageChops, ImageStat
from playwright.async_api import Browser, FloatRect

from tests.e2e.people import Person
from tests.support.atrium_server import AtriumServer

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]

# A machine without a graphics card draws WebGL all the same, slowly; here the page does not get to know that.
A_CARD = """
window.__cards = [];
const getContext = HTMLCanvasElement.prototype.getContext;
HTMLCanvasElement.prototype.getContext = function (kind, options) {
  if (kind !== "webgl") return getContext.call(this, kind, options);
  if (window.__noCard) return null;
  const context = getContext.call(this, kind, { ...options, failIfMajorPerformanceCaveat: false });
  if (context && !context.__named) {
    const getParameter = context.getParameter.bind(context);
    const names = [0x9246, context.RENDERER];
    context.getParameter = (name) => (names.includes(name) ? "A card" : getParameter(name));
    context.__named = true;
    window.__cards.push(context);
  }
  return context;
};
// The one that draws: the others were only asked whether there is a card.
window.__loseCard = () => {
  const [card] = window.__cards.filter((card) => card.canvas.isConnected);
  window.__drawn = card.canvas;
  card.getExtension("WEBGL_lose_context").loseContext();
};
"""
# The middle of the map, beside the panels that lie on it (CSS px of a view of 1024 x 640).
CLIP: FloatRect = {"x": 140, "y": 150, "width": 400, "height": 300}
# So many pictures in a row must be alike for the map to stand still.
STAYS = 3


async def _picture(person: Person) -> Image.Image:
    shot = await person.page.screenshot(clip=CLIP)
    return Image.open(BytesIO(shot)).convert("RGB")


def _apart(a: Image.Image, b: Image.Image) -> float:
    """Mean difference of two pictures, 0..255."""
    return sum(ImageStat.Stat(ImageChops.difference(a, b)).mean) / 3


async def _until_it_looks(person: Person, like: Image.Image, seconds: float = 60.0) -> None:
    end = asyncio.get_running_loop().time() + seconds
    while (apart := _apart(await _picture(person), like)) > 3:
        assert asyncio.get_running_loop().time() < end, f"the picture is {apart:.1f} apart"
        await asyncio.sleep(0.2)


async def _colours(person: Person, seconds: float = 60.0) -> Image.Image:
    """The map's picture as soon as there is one that stays: the view glides to its place at first."""
    end = asyncio.get_running_loop().time() + seconds
    last, alike = await _picture(person), 0
    while alike < STAYS:
        assert asyncio.get_running_loop().time() < end, "nothing is drawn, or it never stands still"
        await asyncio.sleep(0.3)
        picture = await _picture(person)
        drawn = max(ImageStat.Stat(picture).stddev) > 8
        alike = alike + 1 if drawn and _apart(picture, last) < 1 else 0
        last = picture
    return last


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def ada(atrium: AtriumServer, browsers: dict[str, Browser]) -> AsyncIterator[Person]:
    ada = await (await Person.arrive(atrium, browsers["ada"])).sign_up()
    await ada.enter((await ada.create_server())["id"])
    yield ada
    await ada.leave()


async def test_h_shows_how_far_one_is_heard_while_it_is_held(ada: Person) -> None:
    before = await _colours(ada)
    assert await ada.page.evaluate("window.atrium.view().hearing") is None
    await ada.page.keyboard.down("h")
    await ada.until("window.atrium.view().hearing === 300")
    lit = await _picture(ada)
    red, green, _ = (
        a - b for a, b in zip(ImageStat.Stat(lit).mean, ImageStat.Stat(before).mean, strict=True)
    )
    assert green > red + 1, f"the ring is green: {red:+.1f} red, {green:+.1f} green"
    await ada.page.keyboard.up("h")
    await ada.until("window.atrium.view().hearing === null")
    await _until_it_looks(ada, before)


async def test_plus_and_minus_look_nearer_and_from_further_away(ada: Person) -> None:
    before = await _colours(ada)
    usual = await ada.page.evaluate("window.atrium.view().zoom")
    await ada.page.keyboard.press("+")
    await ada.until(f"window.atrium.view().zoom > {usual}")
    assert _apart(await _picture(ada), before) > 3
    await ada.page.keyboard.press("-")
    await ada.until(f"window.atrium.view().zoom === {usual}")
    await _until_it_looks(ada, before)
    await ada.page.keyboard.press("-")
    await ada.until(f"window.atrium.view().zoom < {usual}")
    await ada.page.keyboard.press("+")


@pytest.mark.parametrize("back", [True, False], ids=["and comes back", "for good"])
async def test_the_map_is_painted_anew_when_the_graphics_card_goes_away(
    atrium: AtriumServer, browsers: dict[str, Browser], back: bool
) -> None:
    bob = await Person.arrive(atrium, browsers["bob"])
    await bob.context.add_init_script(A_CARD)
    await bob.sign_up()
    await bob.enter((await bob.create_server())["id"])
    assert await bob.page.evaluate("window.atrium.view().engine") == "webgl"
    before = await _colours(bob)
    await bob.page.evaluate(f"window.__noCard = {'false' if back else 'true'}; window.__loseCard()")
    await bob.until("!window.__drawn.isConnected")
    assert await bob.page.evaluate("window.atrium.view().engine") == ("webgl" if back else "canvas")
    assert await bob.page.evaluate("document.querySelectorAll('#map canvas').length") == 1
    await _until_it_looks(bob, before)
    you = await bob.you()
    await bob.walk_to(you["x"] + 60, you["y"])
    assert await bob.page.evaluate("window.atrium.connectionState()") == "open"
    assert bob.problems == []
    await bob.leave()


async def test_a_map_that_does_not_come_is_told_in_words_with_a_way_on(
    atrium: AtriumServer, browsers: dict[str, Browser]
) -> None:
    bob = await (await Person.arrive(atrium, browsers["bob"])).sign_up()
    server = await bob.create_server()
    await bob.context.route("**/maps/**/*.json", lambda route: route.abort())
    await bob.page.goto(f"/s/{server['id']}")
    await bob.page.get_by_text("The map could not be loaded.").wait_for()
    await bob.context.unroute_all()
    await bob.page.get_by_role("button", name="Try again").click()
    await bob.in_world()
    await bob.leave()


async def test_one_walks_while_the_browser_still_asks_for_the_microphone(
    atrium: AtriumServer, browsers: dict[str, Browser]
) -> None:
    bob = await (await Person.arrive(atrium, browsers["bob"])).sign_up()
    await bob.enter((await bob.create_server())["id"])
    await bob.page.evaluate("window.atrium.media.setMic(true)")
    await bob.until("window.atrium.media.local.mic")
    # After a reload some browsers ask again; this one never gets an answer.
    await bob.page.add_init_script(
        "navigator.mediaDevices.getUserMedia = () => new Promise(() => undefined);"
    )
    await bob.page.reload()
    await bob.in_world()
    await bob.page.get_by_text("Waiting for the microphone.").wait_for()
    you = await bob.you()
    await bob.walk_to(you["x"] + 60, you["y"])
    await bob.leave()
