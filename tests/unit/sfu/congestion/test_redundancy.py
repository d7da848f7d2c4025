"""When voices go out redundantly, in virtual time; on a modelled link where it is about what is lost."""

from __future__ import annotations

import pytest

from sfu.congestion.redundancy import (
    KEEP_LOSS,
    KEEP_ROUND_TRIP,
    KEEP_SECONDS,
    MIN_LOSS,
    MIN_ROUND_TRIP,
    Redundancy,
)
from tests.support.link_model import STEP, Flow, Link

LONG = 2 * MIN_ROUND_TRIP


def begun() -> Redundancy:
    rule = Redundancy()
    assert rule.look(0.05, LONG, True, 100.0)
    return rule


@pytest.mark.parametrize(
    ("loss", "round_trip", "room", "on"),
    [
        (MIN_LOSS, MIN_ROUND_TRIP, True, True),
        (0.3, 2.0, True, True),
        (MIN_LOSS - 0.001, LONG, True, False),  # hardly anything is lost
        (0.1, MIN_ROUND_TRIP - 0.001, True, False),  # repeats come in time
        (0.1, LONG, False, False),  # it would take the bits of the packets themselves
        (0.1, -1.0, True, False),
        (-1.0, LONG, True, False),
    ],
)
def test_it_begins_where_much_is_lost_and_repeats_come_too_late(
    loss: float, round_trip: float, room: bool, on: bool
) -> None:
    rule = Redundancy()
    assert rule.look(loss, round_trip, room, 100.0) is on
    assert rule.on is on


@pytest.mark.parametrize(
    ("loss", "round_trip"), [(KEEP_LOSS, KEEP_ROUND_TRIP), (KEEP_LOSS, LONG), (0.1, KEEP_ROUND_TRIP)]
)
def test_what_would_not_begin_it_may_keep_it_on(loss: float, round_trip: float) -> None:
    rule = begun()
    assert all(rule.look(loss, round_trip, True, 100.0 + second) for second in range(60))
    assert not Redundancy().look(loss, round_trip, True, 100.0)


@pytest.mark.parametrize(
    ("loss", "round_trip"), [(KEEP_LOSS - 0.001, LONG), (0.1, KEEP_ROUND_TRIP - 0.001), (-1.0, -1.0)]
)
def test_it_ends_when_it_was_of_no_use_for_a_while(loss: float, round_trip: float) -> None:
    rule = begun()
    assert rule.look(loss, round_trip, True, 100.0 + KEEP_SECONDS - 0.1)
    assert not rule.look(loss, round_trip, True, 100.0 + KEEP_SECONDS)
    assert not rule.look(KEEP_LOSS, KEEP_ROUND_TRIP, True, 101.0 + KEEP_SECONDS)


def test_a_moment_without_use_does_not_end_it() -> None:
    rule = begun()
    now = 100.0
    for _ in range(5):
        assert rule.look(0.0, LONG, True, now + KEEP_SECONDS - 0.1)
        now += KEEP_SECONDS - 0.1
        assert rule.look(KEEP_LOSS, LONG, True, now)


def test_a_path_that_becomes_too_narrow_ends_it_at_once_and_one_that_widens_brings_it_back() -> None:
    rule = begun()
    assert not rule.look(0.05, LONG, False, 100.1)
    assert not rule.look(KEEP_LOSS, LONG, True, 100.2)  # it begins as at first
    assert rule.look(0.05, LONG, True, 100.3)


def on_at(loss: float, seed: int, seconds: float, wants: float = 0.0) -> list[float]:
    """The seconds at which it was on, for a voice (and video of so many bit/s) over a path of such loss."""
    link = Link(3e6, loss=loss, seed=seed, delay=0.12)
    flow, rule, on = Flow(link, lambda _: wants), Redundancy(), []
    for step in range(round(seconds / STEP)):
        now = step * STEP
        flow.step(now)
        link.step(now)
        if step % round(1 / STEP) == 0 and rule.look(flow.estimator.loss.own, 0.25, True, now):
            on.append(now)
    return on


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("wants", [0.0, 500e3])
def test_five_percent_of_loss_are_noticed_within_ten_seconds_and_believed_from_then_on(
    seed: int, wants: float
) -> None:
    on = on_at(0.05, seed, 60, wants)
    assert on[0] <= 10
    assert len(on) >= 50


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_half_a_percent_is_left_alone(seed: int) -> None:
    assert on_at(0.005, seed, 60) == []
