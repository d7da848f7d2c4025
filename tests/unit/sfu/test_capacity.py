"""What a worker says that it can carry."""

from __future__ import annotations

import pytest

from sfu.load.capacity import Capacity


def test_capacity_is_what_the_busiest_thread_could_send_at_the_present_cost_of_a_packet() -> None:
    capacity = Capacity()
    capacity.measure(process=0.3, busiest=0.2, packets=40_000, seconds=2.0)  # 5 µs each
    assert (capacity.cores, capacity.rate, capacity.capacity) == (0.15, 20_000.0, 200_000)


def test_an_idle_worker_does_not_guess() -> None:
    capacity = Capacity()
    capacity.measure(0.1, 0.1, 20, 2.0)
    assert capacity.capacity == 0
    capacity.measure(0.2, 0.2, 40_000, 2.0)
    capacity.measure(0.1, 0.1, 20, 2.0)
    assert capacity.capacity == 200_000, "what was measured is kept"


def test_one_dear_moment_does_not_make_the_worker_small() -> None:
    capacity = Capacity()
    capacity.measure(0.2, 0.2, 40_000, 2.0)
    capacity.measure(0.4, 0.4, 40_000, 2.0)
    assert capacity.capacity == pytest.approx(166_667, abs=1)


def test_a_few_busy_seconds_are_no_overload_and_a_busy_half_minute_is() -> None:
    capacity = Capacity()
    for _ in range(3):
        capacity.measure(2.0, 2.0, 0, 2.0)
    assert capacity.load < 0.8
    for _ in range(12):
        capacity.measure(2.4, 2.4, 0, 2.0)
    assert 0.97 < capacity.load <= 1.0


def test_two_threads_at_half_a_core_each_are_half_a_load() -> None:
    capacity = Capacity()
    for _ in range(30):
        capacity.measure(process=2.0, busiest=1.0, packets=100_000, seconds=2.0)
    assert capacity.load == pytest.approx(0.5, abs=0.01)


def test_a_full_network_is_load_while_the_cpu_idles_and_none_where_no_limit_is_set() -> None:
    limited, unlimited = Capacity(most_bits=100e6), Capacity()
    # 972 bytes of SRTP are 1,000 on the wire: 25,000 such packets in 2 s are 100 Mbit/s.
    for _ in range(30):
        for each in (limited, unlimited):
            each.measure(0.2, 0.2, 25_000, 2.0, sent=25_000 * 972)
    assert limited.load == pytest.approx(1.0, abs=0.001)
    assert unlimited.load == pytest.approx(0.1, abs=0.001)
    assert limited.capacity == 12_500
    assert unlimited.capacity == 125_000


def test_a_wide_network_leaves_the_cpu_as_the_limit() -> None:
    capacity = Capacity(most_bits=10e9)
    for _ in range(30):
        capacity.measure(1.0, 1.0, 25_000, 2.0, sent=25_000 * 972)
    assert capacity.load == pytest.approx(0.5, abs=0.001)
    assert capacity.capacity == 25_000
