"""A real Chromium behind a narrow or lossy path: its pictures and sound go on."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.support.media_page import media_page
from tests.support.media_worker import running_worker
from tests.support.shaped_view import ShapedView, shaped_view

pytestmark = [pytest.mark.e2e, pytest.mark.soak]

FREEZE_MS = 500


@pytest.fixture
async def view() -> AsyncIterator[ShapedView]:
    async with media_page() as page, running_worker(plane="auto") as sfu, shaped_view(sfu, page) as made:
        yield made


@pytest.mark.parametrize("both", [False, True], ids=["down", "both ways"])
async def test_a_minute_of_five_percent_of_loss_freezes_no_picture(view: ShapedView, both: bool) -> None:
    view.path.loss = 0.05
    view.path.loss_up = 0.05 if both else 0.0
    seen = await view.look(60)
    paused = view.sfu.metric("atrium_sfu_videos_paused_total")
    print(f"5 % loss{' both ways' if both else ''}: {seen}, {paused:.0f} pauses")
    assert view.path.lost > 100
    assert seen.beyond < FREEZE_MS
    assert paused == 0
    assert seen.frames > 60 * 8
    assert seen.concealed - seen.beside < 0.03


async def test_a_path_that_becomes_too_narrow_for_the_picture_keeps_the_sound(view: ShapedView) -> None:
    view.path.capacity = 120_000
    await view.page.wait_for_timeout(5_000)
    seen = await view.look(10)
    downlink = view.sfu.worker.media.bandwidth.of("alice")
    assert downlink is not None
    print(f"120 kbit/s: {seen}; {downlink.allocation.used / 1e3:.0f} kbit/s given out")
    assert seen.concealed - seen.beside < 0.03
    view.path.capacity = 0
    await view.grows("sub", "v0", "framesDecoded", 20)
