"""Public space: you see and hear those who are near, and nobody else."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Browser

from tests.e2e.people import Person, ada_and_bob
from tests.support.atrium_server import AtriumServer
from tests.support.attempts import once_in

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]

# A straight, free lane through the Hall of the Office.
LANE = 560.0


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def pair(atrium: AtriumServer, browsers: dict[str, Browser]) -> AsyncIterator[tuple[Person, Person]]:
    """Ada and Bob in the Hall of one Office, microphones and cameras on, 100 px apart."""
    async with ada_and_bob(atrium, browsers) as (ada, bob):
        server = await ada.create_server()
        await asyncio.gather(ada.enter(server["id"]), bob.enter(server["id"]))
        await asyncio.gather(ada.speak_and_show(), bob.speak_and_show())
        await asyncio.gather(ada.walk_to(300, LANE), bob.walk_to(400, LANE))
        yield ada, bob


async def test_two_people_100_px_apart_see_and_hear_each_other(pair: tuple[Person, Person]) -> None:
    ada, bob = pair
    await asyncio.gather(ada.walk_to(300, LANE), bob.walk_to(400, LANE))
    await asyncio.gather(ada.until_receiving(), bob.until_receiving())
    for got in await asyncio.gather(ada.receives(2), bob.receives(2)):
        assert got.video > 0
        assert got.energy > 0


async def test_what_one_says_is_what_the_other_hears(pair: tuple[Person, Person]) -> None:
    ada, bob = pair
    await asyncio.gather(ada.walk_to(300, LANE), bob.walk_to(400, LANE))
    await asyncio.gather(ada.until_receiving(), bob.until_receiving())
    await bob.until_hears(440)
    await ada.until_hears(700)
    assert await ada.hears_nothing_of(440), "ada hears herself"


async def test_voices_fade_with_distance(pair: tuple[Person, Person]) -> None:
    ada, bob = pair
    await asyncio.gather(ada.walk_to(300, LANE), bob.walk_to(400, LANE))
    await ada.until_hears(700)

    async def fades() -> None:
        await bob.walk_to(400, LANE)
        near, near_level = await ada.gain_of(bob), await ada.level(700)
        await bob.walk_to(500, LANE)
        await asyncio.sleep(0.5)
        far, far_level = await ada.gain_of(bob), await ada.level(700)
        assert 0 < far < near <= 1
        assert far_level < near_level - 3, "what is played does not fade with the gain"

    await once_in(4, fades)


async def test_at_400_px_nothing_arrives_and_coming_back_brings_it_back(
    pair: tuple[Person, Person],
) -> None:
    ada, bob = pair
    await asyncio.gather(ada.walk_to(300, LANE), bob.walk_to(700, LANE))
    await asyncio.gather(ada.until_silent(), bob.until_silent())
    for got in await asyncio.gather(ada.receives(2), bob.receives(2)):
        assert got.packets == 0
        assert got.video == 0
    await bob.walk_to(400, LANE)
    await asyncio.gather(ada.until_receiving(), bob.until_receiving())


async def test_mute_means_mute(pair: tuple[Person, Person]) -> None:
    ada, bob = pair
    await asyncio.gather(ada.walk_to(300, LANE), bob.walk_to(400, LANE))
    await ada.until_receiving()
    await bob.page.evaluate("window.atrium.media.setMic(false)")
    await ada.until_silent("audio")
    assert (await ada.receives(1.5)).audio == 0
    await bob.page.evaluate("window.atrium.media.setMic(true)")
    await ada.until_receiving()


async def test_mic_only_mode_receives_voices_and_no_video(pair: tuple[Person, Person]) -> None:
    ada, bob = pair
    await asyncio.gather(ada.walk_to(300, LANE), bob.walk_to(400, LANE))
    await ada.until_receiving()
    await ada.page.evaluate("window.atrium.media.setWatch(false)")
    await ada.until_silent("video")  # the picture's last frames may still wait in the decoder
    got = await ada.receives(1.5)
    assert got.video == 0
    assert got.energy > 0
    await ada.page.evaluate("window.atrium.media.setWatch(true)")
    await ada.until_receiving()


async def test_a_reload_brings_one_back_to_the_same_place_and_never_twice(
    pair: tuple[Person, Person],
) -> None:
    ada, bob = pair
    await asyncio.gather(ada.walk_to(300, LANE), bob.walk_to(420, LANE))
    await bob.page.reload()
    await bob.in_world()
    you = await bob.you()
    assert abs(you["x"] - 420) < 6
    assert abs(you["y"] - LANE) < 6
    await ada.until(f"window.atrium.players().map((p) => p.user_id).join() === '{you['user_id']}'")
    await bob.speak_and_show()
    await ada.until_receiving()


async def test_the_pages_had_no_errors(pair: tuple[Person, Person]) -> None:
    for person in pair:
        assert person.problems == []
