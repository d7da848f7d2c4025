"""Sound over ways of several lengths that lose packets, with redundancy and without."""

from __future__ import annotations

import pytest

from tests.support.media_page import media_page
from tests.support.media_worker import running_worker
from tests.support.shaped_view import shaped_view

pytestmark = [pytest.mark.e2e, pytest.mark.soak]

LOSS = 0.05
ROUND_TRIPS_MS = (0, 40, 100, 250)
SETTLE_MS = 4_000


async def test_redundancy_down_is_as_good_over_any_way() -> None:
    async with media_page() as page, running_worker(plane="auto") as sfu, shaped_view(sfu, page) as view:
        media = sfu.worker.media
        downlink = media.bandwidth.of("alice")
        assert downlink is not None
        (slot,), downlink.voices = downlink.voices, ()  # the rule keeps out of it
        await view.hear_only()
        view.path.loss = LOSS
        for trip in ROUND_TRIPS_MS:
            view.path.delay = trip / 2000
            concealed = []
            for on in (False, True):
                media.forwarder.redundancy(slot, on)
                await page.wait_for_timeout(SETTLE_MS)
                seen = await view.look(12)
                concealed.append(seen.concealed - seen.beside)
            print(f"{trip} ms down: {concealed[0]:.2%} concealed, {concealed[1]:.2%} with redundancy")
            assert concealed[1] < 0.015


async def test_redundancy_up_is_as_good_over_any_way() -> None:
    async with media_page() as page, running_worker(plane="auto") as sfu, shaped_view(sfu, page) as view:
        await view.hear_only()
        view.path.loss_up = LOSS
        for trip in ROUND_TRIPS_MS:
            view.path.delay = trip / 2000
            concealed = []
            for types in ("111 63", "63 111"):
                await page.evaluate("speakAs", types)
                await page.wait_for_timeout(SETTLE_MS)
                concealed.append((await view.look(12)).beside)  # their own way is free
            print(f"{trip} ms up: {concealed[0]:.2%} concealed, {concealed[1]:.2%} with redundancy")
            assert concealed[1] < 0.015
        assert sfu.metric("atrium_sfu_packets_restored_total") > 0
