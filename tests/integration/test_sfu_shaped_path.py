"""A Chromium behind a lossy or narrow path: the short form of `tests/soak`'s minutes."""

from __future__ import annotations

import pytest

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
