"""Video that stops at once where a queue rises steeply, on a modelled link in virtual time."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest

from sfu.congestion.brake import AGAIN_SECONDS, MAX_SECONDS, Brake
from sfu.congestion.path import PacketResult
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


WAY = 5000.03  # without a queue, between the two clocks


def burst(left: float, gap: float, count: int = 4, queued: float = 0.0) -> list[PacketResult]:
    """Packets that left together and come out of a path one after the other."""
    return [PacketResult(left, left + WAY + queued + gap * (number + 1), 1200) for number in range(count)]


def fed(brake: Brake, now: float, queued: float = 0.0, count: int = 4) -> bool:
    """They come out of 500 kbit/s, where 2 Mbit/s were believed to be."""
    return brake.feedback(burst(now, 1200 * 8 / 500e3, count, queued), WAY, 2e6, 1.5e6, now)


def calm(brake: Brake, until: float) -> None:
    """A path that is known: pictures of 1.5 Mbit/s come out of 2 Mbit/s for two seconds."""
    for number in range(30):
        now = until - 2 + number / 15
        assert not brake.feedback(burst(now, 1200 * 8 / 2e6, 10), WAY, 2e6, 1.5e6, now + 0.06)


def test_two_packets_of_a_picture_that_each_took_long_are_enough() -> None:
    brake = Brake()
    calm(brake, 10.0)
    assert not fed(brake, 10.0, count=1)
    brake = Brake()
    calm(brake, 10.0)
    assert fed(brake, 10.0, 0.015, count=2)


def test_pictures_that_are_a_queue_of_their_own_do_not_hide_another() -> None:
    brake = Brake()
    calm(brake, 10.0)  # the last of each stood there for 48 ms
    assert fed(brake, 10.0, count=3)


def test_what_came_after_feedback_that_was_lost_says_no_rate_with_what_came_before() -> None:
    told, missed = Brake(), Brake()
    for brake in (told, missed):
        calm(brake, 10.0)
        assert not fed(brake, 10.0, 0.06, count=1)
    missed.missed()
    assert fed(told, 10.0, 0.1, count=1)
    assert not fed(missed, 10.0, 0.1, count=1)


def test_it_goes_on_when_the_queue_is_gone_and_brakes_again_only_after_a_while() -> None:
    brake = Brake()
    calm(brake, 10.0)
    assert fed(brake, 10.0)
    assert brake.on
    assert brake.rate == pytest.approx(500e3)
    assert not fed(brake, 10.1, 0.1)
    assert brake.feedback([PacketResult(10.2, 10.21 + WAY, 120)], WAY, 400e3, 48e3, 10.2)
    assert not brake.on
    assert not fed(brake, 10.3)
    again = 10.2 + AGAIN_SECONDS
    calm(brake, again + 2)
    assert fed(brake, again + 2)


def test_where_nothing_more_is_told_it_ends_by_time() -> None:
    brake = Brake()
    calm(brake, 10.0)
    fed(brake, 10.0)
    assert not brake.tick(10.0 + MAX_SECONDS - 0.01)
    assert brake.tick(10.0 + MAX_SECONDS)
    assert not brake.on
    assert not brake.tick(10.0 + 2 * MAX_SECONDS)


def test_a_burst_that_the_path_gives_at_its_rate_is_no_reason() -> None:
    brake = Brake()
    calm(brake, 10.0)
    keyframe = burst(10.0, 1200 * 8 / 3e6, 40)
    assert not brake.feedback(keyframe, WAY, 3e6, 1.5e6, 10.2)
    # … nor is one that only fills what is otherwise hardly used.
    assert not brake.feedback(keyframe, WAY, 9e6, 300e3, 10.2)


# Chromium's timers tell every 62.5 ms. Each of fifteen pictures a second of 1.5 Mbit/s stands 0.2 s in front
# of 500 kbit/s: one or two leave before the first is told of. It was 0.46 s before.
def test_wherever_in_a_second_a_path_becomes_narrow_two_pictures_stand_before_it_at_most() -> None:
    longest = []
    for phase in range(12):
        at = 9 + 0.131 * phase
        link = Link(lambda now, at=at: 3e6 if now < at else 500e3, delay=0.002)  # type: ignore[misc]
        flow = Flow(link, lambda _: 1.6e6, layers=LAYERS, frame=1 / 15, feedback=0.0625)
        run(link, [flow], at + 2)
        assert len(flow.stops) == 1
        longest.append(waits(link, at, at + 2)[-1])
    assert max(longest) < 0.35
    assert min(longest) < 0.22
