"""A Chromium that listens over a path which becomes narrow, or is too narrow for all whom it is to see."""

from __future__ import annotations

import pytest

from tests.support.media_page import media_page
from tests.support.media_worker import running_worker
from tests.support.shaped_crowd import shaped_crowd

pytestmark = [pytest.mark.e2e, pytest.mark.soak]


async def test_a_drop_from_3_mbit_to_500_kbit_costs_a_layer_and_no_sound() -> None:
    async with media_page() as page, running_worker(plane="auto") as sfu, shaped_crowd(sfu, page, 1) as one:
        one.path.capacity = 3e6
        await one.until_width(0, 40, least=800)
        await page.wait_for_timeout(3_000)
        one.path.capacity = 500e3
        begun = await page.evaluate("performance.now()")
        drop = await one.look(1)
        lower = await one.until_width(0, 15, most=400)
        lower = (await page.evaluate("performance.now()") - begun) / 1000
        settled = await one.look(10)
        one.path.capacity = 3e6
        upper = await one.until_width(0, 60, least=800)
        requests = sfu.metric("atrium_sfu_keyframe_requests_total")
        print(f"3 → 0.5 Mbit/s: {drop.made_up[0]:.2f} s of sound made up in the first second")
        print(f"a lower layer after {lower:.1f} s; then: {settled}; the best one again after {upper:.1f} s")
        print(f"{requests:.0f} keyframes were asked for")
        assert lower < 5
        assert settled.made_up[0] < 0.03
        assert settled.pictures[0] > 8


async def test_of_ten_around_a_listener_at_1_mbit_all_are_heard_and_the_nearest_are_seen() -> None:
    async with (
        media_page() as page,
        running_worker(plane="auto") as sfu,
        shaped_crowd(sfu, page, 10) as ten,
    ):
        ten.path.capacity = 1e6
        await ten.until_width(0, 40)
        await page.wait_for_timeout(10_000)
        seen = await ten.look(15)
        print(f"ten publishers at 1 Mbit/s: {seen}")
        assert min(seen.voices) > 45
        assert max(seen.made_up) < 0.03
        assert seen.seen
        assert seen.seen == list(range(len(seen.seen)))
