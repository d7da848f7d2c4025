"""A Chromium that listens over a path which becomes narrow, or is too narrow for all whom it is to see."""

from __future__ import annotations

import asyncio

import pytest

from tests.support.media_page import media_page
from tests.support.media_worker import running_worker
from tests.support.shaped_crowd import shaped_crowd

pytestmark = [pytest.mark.e2e, pytest.mark.soak]


# From the bottleneck's first packet until its queue is told of and video stops: Chromium's feedback comes
# every 50 ms, and a picture of 1.5 Mbit/s that left in that time stands 0.2 s in front of 500 kbit/s. Less
# what the browser keeps in its own buffer, that is the least that can be missing.
MISSING_SECONDS = 0.35


async def test_a_drop_from_3_mbit_to_500_kbit_costs_a_layer_and_hardly_any_sound() -> None:
    async with media_page() as page, running_worker(plane="auto") as sfu, shaped_crowd(sfu, page, 1) as one:
        gaps = []
        for _ in range(3):
            one.path.capacity = 3e6
            upper = await one.until_width(0, 60, least=800)
            await page.wait_for_timeout(3_000)
            await one.until_width(0, 60, least=800)  # still: a busy machine may have cost it
            one.path.capacity = 500e3
            gap, lower = await asyncio.gather(one.gap(1), one.until_width(0, 15, most=400))
            gaps.append(gap)
            settled = await one.look(10)
            print(
                f"3 → 0.5 Mbit/s: {gaps[-1]:.2f} s of sound made up in the first second beyond the page's own"
            )
            print(f"a lower layer after {lower:.1f} s (the best one had come after {upper:.1f} s)")
            print(f"then: {settled}")
            assert lower < 5
            assert settled.made_up[0] < 0.03
            assert settled.pictures[0] > 8
        print(f"{sfu.metric('atrium_sfu_keyframe_requests_total'):.0f} keyframes were asked for")
        assert sorted(gaps)[1] < MISSING_SECONDS


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
