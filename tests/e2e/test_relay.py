"""Behind a firewall that lets nothing but TURN through, people see and hear each other all the same."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.async_api import Browser

from tests.e2e.behind_a_relay import behind_a_relay, ways

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]


@pytest.mark.parametrize("transport", ["udp", "tcp"])
async def test_people_who_may_only_relay_see_and_hear_each_other(
    browsers: dict[str, Browser], tmp_path: Path, transport: str
) -> None:
    async with behind_a_relay(browsers, tmp_path, transport) as (_, people):
        for person in people:
            pairs = await ways(person)
            assert pairs == [["relay", transport, "host"]] * 2, pairs
