"""Figures for people: rates, and how good it is."""

from __future__ import annotations

import pytest

from signaling.control import Quality, SessionQuality
from world.overview.verdicts import Flow, flow, mean_loss, median_round_trip, per_second, verdict

STILL = Flow(0, 0, 0)


def session(**figures: object) -> SessionQuality:
    return SessionQuality("s", ("publish", "subscribe"), **figures)  # type: ignore[arg-type]


def test_a_rate_is_the_difference_over_the_time() -> None:
    before = session(up_packets=100, up_bytes=10_000, down_bytes=0, up_lost=5)
    after = session(up_packets=190, up_bytes=35_000, down_bytes=50_000, up_lost=15)
    assert flow(before, after, 2.0) == Flow(100.0, 200.0, 0.1)


def test_a_counter_that_began_anew_and_a_first_look_have_no_rate() -> None:
    assert per_second(100, 10, 2.0) == 0.0
    assert per_second(10, 100, 0.0) == 0.0
    assert flow(None, session(up_bytes=10_000), 2.0) == STILL
    assert flow(session(up_lost=9, up_packets=9), session(), 2.0) == STILL


@pytest.mark.parametrize(
    ("figures", "up_loss", "expected"),
    [
        ({}, 0.0, "good"),
        ({"loss": 0.01, "round_trip": 0.05}, 0.0, "good"),
        ({"loss": 0.03}, 0.0, "fair"),
        ({"loss": 0.0}, 0.05, "fair"),
        ({"round_trip": 0.25}, 0.0, "fair"),
        ({"loss": 0.2}, 0.0, "poor"),
        ({}, 0.2, "poor"),
        ({"round_trip": 0.6}, 0.0, "poor"),
    ],
)
def test_loss_either_way_and_delay_make_it_worse(
    figures: dict[str, float], up_loss: float, expected: str
) -> None:
    assert verdict(session(**figures), Flow(0, 0, up_loss)) == expected


def test_who_is_not_connected_has_no_quality() -> None:
    assert verdict(None, STILL) == "none"
    assert verdict(SessionQuality("s", (), loss=0.5), STILL) == "none"


def test_a_workers_figures_are_of_those_who_have_reported() -> None:
    quality = Quality("w", "native", 0.1, 0.0, 0, 0, 0, (session(loss=0.1, round_trip=0.3), session()))
    assert mean_loss(quality) == 0.1
    assert median_round_trip(quality) == 0.3
    nobody = Quality("w", "native", 0.1, 0.0, 0, 0, 0, (session(),))
    assert mean_loss(nobody) == median_round_trip(nobody) == -1.0
