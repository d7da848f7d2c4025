"""What a worker says that it can carry."""

from __future__ import annotations

import pytest

from sfu.capacity import Capacity


def test_capacity_is_what_the_budget_buys_at_the_present_cost_of_a_packet() -> None:
    capacity = Capacity(budget=1.0)
    capacity.measure(cpu_seconds=0.2, packets=40_000, seconds=2.0)  # 5 µs each
    assert (capacity.load, capacity.rate, capacity.capacity) == (0.1, 20_000.0, 200_000)


def test_an_idle_worker_does_not_guess() -> None:
    capacity = Capacity()
    capacity.measure(0.1, 20, 2.0)
    assert capacity.capacity == 0
    capacity.measure(0.2, 40_000, 2.0)
    capacity.measure(0.1, 20, 2.0)
    assert capacity.capacity == 200_000, "what was measured is kept"


def test_one_dear_moment_does_not_make_the_worker_small() -> None:
    capacity = Capacity()
    capacity.measure(0.2, 40_000, 2.0)
    capacity.measure(0.4, 40_000, 2.0)
    assert capacity.capacity == pytest.approx(166_667, abs=1)


def test_load_is_never_above_one() -> None:
    capacity = Capacity(budget=1.0)
    capacity.measure(3.4, 400_000, 2.0)
    assert capacity.load == 1.0
