from __future__ import annotations

import pytest

from signaling.ratelimit import KeyedBuckets, TokenBucket


def test_a_burst_is_allowed_and_then_the_rate() -> None:
    bucket = TokenBucket(rate=10, burst=3)
    assert [bucket.take(0.0) for _ in range(4)] == [True, True, True, False]
    assert not bucket.take(0.09)
    assert bucket.take(0.2)


def test_waiting_long_saves_up_no_more_than_the_burst() -> None:
    bucket = TokenBucket(rate=10, burst=3)
    assert sum(bucket.take(1000.0) for _ in range(10)) == 3


def test_wait_says_when_it_will_be_allowed() -> None:
    bucket = TokenBucket(rate=2, burst=1)
    bucket.take(5.0)
    assert bucket.wait(5.0) == pytest.approx(0.5)
    assert bucket.take(5.5)


def test_a_clock_that_steps_back_gives_nothing_away() -> None:
    bucket = TokenBucket(rate=10, burst=1)
    assert bucket.take(100.0)
    assert not bucket.take(50.0)
    assert not bucket.take(50.05)


def test_keys_do_not_share_and_their_number_is_bounded() -> None:
    buckets = KeyedBuckets(rate=1, burst=1, max_keys=100)
    assert buckets.take("a", 0.0)
    assert not buckets.take("a", 0.0)
    assert buckets.take("b", 0.0)
    for i in range(1000):
        buckets.take(f"key {i}", 0.0)
    assert len(buckets) == 100
