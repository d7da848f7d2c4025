"""A Chromium behind a lossy or narrow path: the short form of `tests/soak`'s minutes."""

from __future__ import annotations

import pytest

from signaling.control import GetStats, Stats
from tests.support.media_page import media_page
from tests.support.media_worker import running_worker
from tests.support.shaped_crowd import shaped_crowd
from tests.support.shaped_view import shaped_view

pytestmark = pytest.mark.e2e


async def test_random_loss_pauses_no_picture() -> None:
    async with media_page() as page, running_worker(plane="auto") as sfu, shaped_view(sfu, page) as view:
        view.path.loss = view.path.loss_up = 0.05
        seen = await view.look(10)
        print(f"5 % loss both ways: {seen}")
        assert view.path.lost > 20
        assert sfu.metric("atrium_sfu_videos_paused_total") == 0
        assert sfu.metric("atrium_sfu_retransmitted_total") > 0
        await view.grows("sub", "v0", "framesDecoded", 20)


async def test_voices_are_heard_over_a_long_way_that_loses_a_tenth() -> None:
    async with media_page() as page, running_worker(plane="auto") as sfu, shaped_view(sfu, page) as view:
        downlink = sfu.worker.media.bandwidth.of("alice")
        assert downlink is not None
        voices, downlink.voices = downlink.voices, ()
        await view.hear_only()
        view.path.loss, view.path.delay = 0.1, 0.125
        await page.wait_for_timeout(3_000)
        without = await view.look(7)
        downlink.voices = voices
        for _ in range(60):
            if sfu.metric("atrium_sfu_listeners_redundant"):
                break
            await page.wait_for_timeout(500)
        await page.wait_for_timeout(2_000)
        with_it = await view.look(7)
        reply = await sfu.expect(GetStats("alice"), Stats)
        assert reply.sessions[0].downlink is not None
        assert reply.sessions[0].downlink.redundant
        print(f"10 % loss, 250 ms: without redundancy {without}")
        print(f"10 % loss, 250 ms: with redundancy {with_it}")
        better = (without.concealed - without.beside) - (with_it.concealed - with_it.beside)
        assert better > 0.005
        assert with_it.concealed - with_it.beside < 0.04
        assert sfu.metric("atrium_sfu_packets_doubled_total") > 400


async def test_all_of_ten_are_heard_where_the_path_has_room_for_the_nearest_pictures_only() -> None:
    async with (
        media_page() as page,
        running_worker(plane="auto") as sfu,
        shaped_crowd(sfu, page, 10, layers=1) as ten,
    ):
        ten.path.capacity = 1e6
        await ten.until_width(0, 40)
        # Once the path is known those in the back are paused, and stay so.
        for _ in range(20):
            seen = await ten.look(2)
            if 0 < len(seen.seen) < 10 and seen.seen == list(range(len(seen.seen))):
                break
        print(f"ten publishers at 1 Mbit/s: {seen}")
        assert 0 < len(seen.seen) < 10
        assert seen.seen == list(range(len(seen.seen)))
        assert min(seen.voices) > 30
