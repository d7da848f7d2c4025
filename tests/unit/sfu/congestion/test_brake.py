"""Video that stops at once where a queue rises steeply, on a modelled link in virtual time."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest

from sfu.congestion.brake import AGAIN_SECONDS, MAX_SECONDS, Brake
from tests.support.link_model import Flow, Link, run, share, waits

LAYERS = (150e3, 500e3, 1.5e6)


def everything(_: float) -> float:
    return 20e6


def drop(before: float, after: float) -> Callable[[float], float]:
    return lambda now: before if now < 15 else after


# Of a picture of 1.5 Mbit/s each frame stands 0.2 s in front of 300 kbit/s. Without a brake: 0.92, 0.34,
# 0.41 s.
@pytest.mark.parametrize(
    ("before", "after", "longest"), [(3e6, 500e3, 0.5), (2e6, 1e6, 0.2), (1e6, 300e3, 0.3)]
)
def test_a_path_that_is_suddenly_narrow_gets_no_video_until_its_queue_is_gone(
    before: float, after: float, longest: float
) -> None:
    link = Link(drop(before, after))
    flow = Flow(link, everything, layers=LAYERS)
    run(link, [flow], 25)
    assert len(flow.stops) == 1
    assert 15.0 < flow.stops[0] < 15.4
    assert waits(link, 15, 25)[-1] < longest
    assert share(waits(link, 16, 25), 0.95) < 0.1
    assert flow.goodput(17, 18) > 0.9 * LAYERS[0]  # the lower layer
    assert 0.8 * after <= flow.mean(17, 25) <= after


def test_a_path_of_packets_that_come_one_by_one_is_seen_to_be_narrow_too() -> None:
    link = Link(drop(1e6, 100e3))
    flow = Flow(link, everything, layers=LAYERS)
    run(link, [flow], 25)
    assert flow.stops[0] < 15.5
    assert flow.mean(18, 25) < 100e3


@pytest.mark.parametrize("capacity", [300e3, 1e6, 3e6])
@pytest.mark.parametrize("layers", [(), LAYERS])
def test_a_steady_path_is_never_braked_for_its_pictures_and_probes(
    capacity: float, layers: tuple[float, ...]
) -> None:
    link = Link(capacity)
    flow = Flow(link, everything, layers=layers)
    run(link, [flow], 40)
    assert flow.stops == []


@pytest.mark.parametrize(
    "link",
    [
        Link(3e6, loss=0.1, seed=1),
        Link(2e6, burst=(0.005, 0.7), seed=2),
        Link(2e6, jitter=0.03, seed=3),
        Link(2e6, jitter=0.06, seed=4),
    ],
    ids=["loss", "bursts of loss", "jitter", "much jitter"],
)
def test_loss_and_jitter_brake_nothing(link: Link) -> None:
    flow = Flow(link, everything, layers=LAYERS)
    run(link, [flow], 40)
    assert flow.stops == []


def test_a_listener_whose_machine_stalls_is_not_taken_for_a_narrow_path() -> None:
    chance = random.Random(5)
    begins = [4.0]
    while begins[-1] < 40:
        begins.append(begins[-1] + 0.3 + chance.expovariate(2))
    stalls = [(begin, begin + chance.uniform(0.05, 0.3)) for begin in begins]
    link = Link(5e6)
    flow = Flow(link, everything, layers=LAYERS, stalls=stalls)
    run(link, [flow], 40)
    assert flow.stops == []


def fed(brake: Brake, now: float, queued: float) -> bool:
    """Four packets that left together and come out of 500 kbit/s one after the other."""
    gap = 1200 * 8 / 500e3
    arrivals = [(now + gap * number, 1200, queued + gap * number) for number in range(4)]
    return brake.feedback(arrivals, 2e6, 1.5e6, now)


def test_it_goes_on_when_the_queue_is_gone_and_brakes_again_only_after_a_while() -> None:
    brake = Brake()
    assert fed(brake, 10.0, 0.02)
    assert brake.on
    assert brake.rate == pytest.approx(500e3)
    assert not fed(brake, 10.1, 0.1)
    assert brake.feedback([(10.2, 120, 0.01)], 400e3, 48e3, 10.2)
    assert not brake.on
    assert not fed(brake, 10.3, 0.02)
    assert fed(brake, 10.2 + AGAIN_SECONDS, 0.02)


def test_where_nothing_more_is_told_it_ends_by_time() -> None:
    brake = Brake()
    fed(brake, 10.0, 0.02)
    assert not brake.tick(10.0 + MAX_SECONDS - 0.01)
    assert brake.tick(10.0 + MAX_SECONDS)
    assert not brake.on
    assert not brake.tick(10.0 + 2 * MAX_SECONDS)


def test_a_burst_that_the_path_gives_at_its_rate_is_no_reason() -> None:
    brake = Brake()
    gap = 1200 * 8 / 3e6
    keyframe = [(10.0 + gap * number, 1200, 0.02 + gap * number) for number in range(40)]
    assert not brake.feedback(keyframe, 3e6, 1.5e6, 10.2)
    # … nor is one that only fills what is otherwise hardly used.
    assert not brake.feedback(keyframe, 9e6, 300e3, 10.2)
