"""A relay that dies takes the way of everybody behind it: they come back through it by themselves."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from playwright.async_api import Browser

from tests.e2e.conftest import TONES, browsers, playwright_driver
from tests.e2e.people import Person
from tests.e2e.test_relay import LOOPBACK, PAIRS, RELAY_ONLY, SECRET
from tests.support.atrium_server import AtriumServer
from tests.support.turn_server import TurnServer

__all__ = ["browsers", "playwright_driver"]
pytestmark = [pytest.mark.e2e, pytest.mark.soak, pytest.mark.asyncio(loop_scope="session")]
BACK_SECONDS = 40.0


@pytest.mark.parametrize("transport", ["udp", "tcp"])
async def test_people_behind_a_killed_relay_hear_each_other_again_without_a_click(
    browsers: dict[str, Browser],
    tmp_path: Path,
    transport: str,
) -> None:
    with (
        TurnServer(SECRET, tmp_path, *LOOPBACK) as turn,
        AtriumServer(
            tmp_path / "data",
            ATRIUM_TURN_URLS=f"turn:127.0.0.1:{turn.port}?transport={transport}",
            ATRIUM_TURN_SECRET=SECRET,
        ) as server,
    ):
        people = [await Person.arrive(server, browsers[name]) for name in ("ada", "bob")]
        ada, bob = people
        loop = asyncio.get_running_loop()
        try:
            for person in people:
                await person.context.add_init_script(RELAY_ONLY)
                await person.sign_up()
            home = await ada.create_server()
            for person in people:
                await person.enter(home["id"])
                await person.speak_and_show()
            await ada.until_hears(TONES["bob"], seconds=20)
            await bob.until_hears(TONES["ada"], seconds=20)

            await asyncio.to_thread(turn.kill)
            for person in people:
                await person.until_silent()
            await asyncio.to_thread(turn.__enter__)
            back = loop.time()
            await asyncio.gather(*(person.until_receiving(seconds=BACK_SECONDS) for person in people))
            print(f"relay killed ({transport}): media is back {loop.time() - back:.1f} s after its restart")
            await ada.until_hears(TONES["bob"])
            await bob.until_hears(TONES["ada"])
            for person in people:
                pairs = await person.page.evaluate(PAIRS)
                assert ["relay", transport, "host"] in pairs, pairs
        finally:
            for person in people:
                await person.leave()
