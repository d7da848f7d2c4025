"""When a space ticks."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from world.running.tick import Ticker, next_tick


@given(st.floats(0, 1000), st.floats(0, 5))
def test_the_next_tick_lies_on_the_raster_and_not_in_the_past(scheduled: float, late: float) -> None:
    following = next_tick(scheduled, scheduled + late, 0.05)
    steps = (following - scheduled) / 0.05
    assert abs(steps - round(steps)) < 1e-6
    assert round(steps) >= 1
    assert following >= scheduled + late - 1e-9
    assert following <= scheduled + late + 0.05 + 1e-9


async def test_a_ticker_sleeps_when_there_is_nothing_to_do_and_wakes_again() -> None:
    ticks: list[float] = []

    def tick(now: float) -> bool:
        ticks.append(now)
        return len(ticks) % 3 != 0

    ticker = Ticker(tick, 0.001)
    ticker.wake()
    while ticker.awake:
        await asyncio.sleep(0.001)
    assert len(ticks) == 3
    ticker.wake()
    while ticker.awake:
        await asyncio.sleep(0.001)
    assert len(ticks) == 6
    ticker.close()
    ticker.wake()
    assert not ticker.awake


async def test_a_tick_that_fails_does_not_end_time(caplog: pytest.LogCaptureFixture) -> None:
    count = 0

    def tick(now: float) -> bool:
        nonlocal count
        count += 1
        if count == 1:
            raise RuntimeError("bad tick")
        return False

    ticker = Ticker(tick, 0.001)
    ticker.wake()
    while ticker.awake:
        await asyncio.sleep(0.001)
    assert count == 2
    assert "a tick failed" in caplog.text
