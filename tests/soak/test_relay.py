"""A relay that dies takes the way of everybody behind it: they come back through it by themselves."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from playwright.async_api import Browser

from tests.e2e.behind_a_relay import behind_a_relay, hear_each_other, ways
from tests.e2e.conftest import browsers, playwright_driver

__all__ = ["browsers", "playwright_driver"]
pytestmark = [pytest.mark.e2e, pytest.mark.soak, pytest.mark.asyncio(loop_scope="session")]
BACK_SECONDS = 40.0


@pytest.mark.parametrize("transport", ["udp", "tcp"])
async def test_people_behind_a_killed_relay_hear_each_other_again_without_a_click(
    browsers: dict[str, Browser],
    tmp_path: Path,
    transport: str,
) -> None:
    loop = asyncio.get_running_loop()
    async with behind_a_relay(browsers, tmp_path, transport) as (turn, people):
        await asyncio.to_thread(turn.kill)
        for person in people:
            await person.until_silent()
        await asyncio.to_thread(turn.__enter__)
        back = loop.time()
        await asyncio.gather(*(person.until_receiving(seconds=BACK_SECONDS) for person in people))
        print(f"relay killed ({transport}): media is back {loop.time() - back:.1f} s after its restart")
        await hear_each_other(people)
        for person in people:
            pairs = await ways(person)
            assert ["relay", transport, "host"] in pairs, pairs
