"""The estimator on a modelled link: as the literature asks (RFC 8836, RFC 8867), in virtual time."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest

from sfu.congestion.estimator import MIN_BITRATE, START_BITRATE, Estimator
from sfu.congestion.path import MAX_ACKED, AckedRate, LossWatch, PacketResult
from tests.support.link_model import Flow, Link, run, share, waits


def steps(*changes: tuple[float, float]) -> Callable[[float], float]:
    """Capacity by time: (from when, bit/s)."""

    def capacity(now: float) -> float:
        return [rate for begins, rate in changes if begins <= now][-1]

    return capacity


def everything(_: float) -> float:
    return 20e6


@pytest.mark.parametrize("capacity", [300e3, 1e6, 3e6])
def test_it_finds_a_steady_path_within_five_seconds_and_uses_most_of_it(capacity: float) -> None:
    link = Link(capacity)
    flow = Flow(link, everything)
    run(link, [flow], 30)
    assert 0.8 * capacity <= flow.mean(5, 30) <= capacity
    assert flow.goodput(5, 30) >= 0.8 * capacity
    standing = waits(link, 5, 30)
    assert share(standing, 0.5) < 0.05
    assert share(standing, 0.95) < 0.1


@pytest.mark.parametrize(
    ("before", "after"), [(3e6, 500e3), (2e6, 1e6), (1e6, 300e3), (500e3, 3e6), (1e6, 2e6), (500e3, 800e3)]
)
def test_it_follows_a_step_within_five_seconds(before: float, after: float) -> None:
    link = Link(steps((0, before), (15, after)))
    flow = Flow(link, everything)
    run(link, [flow], 40)
    assert 0.8 * after <= flow.mean(20, 40) <= after
    assert share(waits(link, 20, 40), 0.95) < 0.1


def test_the_queue_of_a_sudden_drop_is_gone_after_two_seconds() -> None:
    link = Link(steps((0, 3e6), (15, 500e3)))
    flow = Flow(link, everything)
    run(link, [flow], 20)
    assert share(waits(link, 17, 20), 0.95) < 0.1


@pytest.mark.parametrize("seed", range(4))
def test_ten_percent_of_random_loss_is_no_congestion(seed: int) -> None:
    link = Link(3e6, loss=0.1, seed=seed)
    flow = Flow(link, everything)
    run(link, [flow], 40)
    assert min(rate for at, rate in flow.history if at > 1) > 0.5 * START_BITRATE
    assert 0.75 * 3e6 <= flow.mean(15, 40) <= 1.15 * 3e6
    assert share(waits(link, 15, 40), 0.95) < 0.1


@pytest.mark.parametrize("loss", [0.02, 0.05, 0.1])
def test_loss_that_stays_is_not_taken_for_congestion_again_by_chance(loss: float) -> None:
    chance = random.Random(1)
    minutes, alarms = 30, 0
    for _ in range(minutes):
        watch, calm_from = LossWatch(), 0.0
        for step in range(20 * 60):  # seventy packets a second: one picture and one voice
            now = step / 20
            watch.add(4 - step % 2, sum(chance.random() < loss for _ in range(4 - step % 2)), now)
            if watch.excess and now > calm_from:
                alarms += now > 6.0
                calm_from = now + 1.0
                if now < 6.0:
                    watch.accept()
    assert alarms <= 0.4 * minutes


def test_loss_that_begins_later_costs_little() -> None:
    link = Link(2e6, seed=3)
    flow = Flow(link, everything)
    run(link, [flow], 10)
    before = flow.estimator.bitrate
    link._loss = 0.1
    for step in range(10_000, 20_000):
        flow.step(step / 1000)
        link.step(step / 1000)
    assert flow.mean(15, 20) > 0.7 * before


@pytest.mark.parametrize("seed", range(3))
def test_bursts_of_loss_leave_most_of_the_path(seed: int) -> None:
    link = Link(2e6, burst=(0.005, 0.7), seed=seed)
    flow = Flow(link, everything)
    run(link, [flow], 30)
    assert 0.7 * 2e6 <= flow.mean(10, 30) <= 1.1 * 2e6


def test_a_queue_too_short_to_be_seen_is_found_by_its_losses() -> None:
    link = Link(1e6, queue=6_000)
    flow = Flow(link, everything)
    run(link, [flow], 30)
    assert 0.8 * 1e6 <= flow.mean(5, 30) <= 1.1e6
    lost = 1 - sum(size for at, size in flow.delivered if at >= 5) / sum(
        rate * 0.05 / 8 for at, rate in flow.history if at >= 5
    )
    assert lost < 0.1


@pytest.mark.parametrize("jitter", [0.01, 0.03])
def test_jitter_alone_is_no_congestion(jitter: float) -> None:
    link = Link(2e6, jitter=jitter)
    flow = Flow(link, everything)
    run(link, [flow], 30)
    assert 0.75 * 2e6 <= flow.mean(5, 30) <= 2e6


@pytest.mark.parametrize("seed", range(3))
def test_two_flows_share_a_path(seed: int) -> None:
    link = Link(2e6, seed=seed)
    flows = [Flow(link, everything, seed=seed), Flow(link, everything, begins=10.0, seed=seed + 1)]
    run(link, flows, 60)
    shares = [flow.goodput(25, 60) for flow in flows]
    assert sum(shares) >= 0.8 * 2e6
    assert sum(shares) ** 2 / (2 * sum(rate**2 for rate in shares)) > 0.85  # Jain's index
    assert share(waits(link, 25, 60), 0.5) < 0.1


def test_a_flow_that_ends_leaves_its_part_to_the_other() -> None:
    link = Link(2e6)
    staying, leaving = Flow(link, everything), Flow(link, lambda now: 20e6 if now < 20 else 40e3)
    run(link, [staying, leaving], 32)
    assert staying.mean(25, 32) >= 0.75 * 2e6


def test_an_estimate_below_what_goes_through_without_a_queue_rises_to_it() -> None:
    estimator = Estimator(60e3)
    reached = None
    # Ten voices that are sent whatever the estimate: 460 kbit/s, over a path that has room for them.
    for step in range(20 * 10):
        now = step * 0.05
        results = [PacketResult(now + 0.002 * i, now + 0.002 * i + 5000.03, 115) for i in range(25)]
        estimator.feedback(results, now + 0.1)
        if estimator.bitrate >= 0.8 * 460e3 and reached is None:
            reached = now
    assert reached is not None
    assert reached < 4
    assert estimator.bitrate <= 1.5 * 460e3 + 20e3  # more was not tried


def test_what_comes_in_a_burst_after_a_stop_proves_nothing() -> None:
    estimator = Estimator(60e3)
    # The path stops for half of every second, and then gives all that it held back at once.
    for step in range(20 * 10):
        now = step * 0.05
        held = now % 1.0 < 0.5
        if not held and now % 1.0 < 0.55:
            since = now - 0.5
            results = [PacketResult(since + 0.02 * i, now + 5000.03 + 0.0005 * i, 115) for i in range(25)]
        elif held:
            continue
        else:
            results = [PacketResult(now + 0.02 * i, now + 0.02 * i + 5000.03, 115) for i in range(3)]
        estimator.feedback(results, now + 0.1)
    assert estimator.bitrate < 2 * 46e3


def test_a_delay_that_sways_by_less_than_a_queue_is_no_congestion_again_and_again() -> None:
    estimator = Estimator(1e6)
    # Ten voices whose way grows by 30 ms in 0.6 s, and is short again: a machine that shares its time.
    for step in range(20 * 20):
        now = step * 0.05
        results = []
        for group in range(2 + step % 2):
            sent = now + 0.02 * group
            way = 0.03 * (sent % 0.6 / 0.6)
            results += [
                PacketResult(sent + 0.0001 * i, sent + 0.0001 * i + way + 5000.03, 115) for i in range(10)
            ]
        estimator.feedback(results, now + 0.1)
    assert estimator.drops <= 3


# Stalls a second and their mean length (s). The middle of each feedback's delays instead of the least left
# 0.5 to 0.8 Mbit/s of a path whose queue was never longer than 10 ms.
@pytest.mark.parametrize(("often", "long"), [(4, 0.1), (2, 0.2), (1, 0.4)])
def test_a_listener_whose_machine_stalls_has_no_narrow_path(often: float, long: float) -> None:
    chance = random.Random(3)
    stalls, now = [], 5.0
    while now < 40:
        now += chance.expovariate(often)
        stalls.append((now, now + long * chance.uniform(0.5, 1.5)))
        now = stalls[-1][1]
    wide = Flow(Link(5e6), lambda _: 1.5e6, layers=(150e3, 500e3, 1.5e6), stalls=stalls)
    run(wide.link, [wide], 40)
    assert wide.goodput(10, 40) > 0.95 * 1.5e6
    narrow = Flow(Link(1e6), everything, stalls=stalls)
    run(narrow.link, [narrow], 40)
    assert 0.8 * 1e6 <= narrow.mean(10, 40) <= 1e6
    assert share(waits(narrow.link, 10, 40), 0.95) < 0.3  # nothing is told of it while the machine stalls


def test_lost_feedback_changes_little() -> None:
    link = Link(2e6)
    flow = Flow(link, everything, feedback_loss=0.2)
    run(link, [flow], 30)
    assert 0.75 * 2e6 <= flow.mean(5, 30) <= 2e6


def test_who_sends_little_learns_by_probes_that_there_is_room() -> None:
    link = Link(20e6)
    flow = Flow(link, lambda now: 3e6, layers=(150e3, 500e3, 1.5e6, 2.9e6))
    run(link, [flow], 6)
    assert flow.rate(6) == 2.9e6
    assert flow.goodput(5, 6) < 3.2e6  # and then stops probing
    assert flow.prober.sent <= 4


def test_nobody_probes_for_what_nobody_would_use() -> None:
    link = Link(20e6)
    flow = Flow(link, lambda now: 200e3)
    run(link, [flow], 10)
    assert flow.prober.sent == 0


def test_probes_leave_no_queue_that_one_would_hear() -> None:
    link = Link(600e3)
    flow = Flow(link, lambda now: 5e6, layers=(150e3, 500e3, 1.5e6))
    run(link, [flow], 40)
    assert flow.prober.sent > 5
    assert share(waits(link, 5, 40), 0.99) < 0.1


def test_when_the_client_falls_silent_less_and_less_is_sent() -> None:
    estimator = Estimator()
    estimator.feedback([PacketResult(0.0, 5.0, 1200)], 0.1)
    for tick in range(1, 200):
        estimator.silence(True, 0.1 + tick * 0.05)
    assert estimator.bitrate < 0.1 * START_BITRATE
    assert estimator.bitrate >= MIN_BITRATE


def test_a_client_that_is_sent_nothing_is_silent_for_no_reason() -> None:
    estimator = Estimator()
    estimator.feedback([PacketResult(0.0, 5.0, 1200)], 0.1)
    for tick in range(1, 200):
        estimator.silence(False, 0.1 + tick * 0.05)
    estimator.silence(True, 10.5)
    assert estimator.bitrate == START_BITRATE


def test_remb_counts_only_where_there_is_no_better_feedback() -> None:
    estimator = Estimator()
    estimator.remb(300_000, 1.0)
    assert estimator.bitrate == 300_000
    estimator.feedback([PacketResult(0.0, 5.0, 1200)], 1.1)
    estimator.remb(100_000, 1.2)
    assert estimator.bitrate == 300_000


def test_a_client_whose_clock_jumps_is_not_taken_for_congested() -> None:
    estimator = Estimator()
    at = 0.0
    for round_ in range(200):
        results = []
        for _ in range(5):
            at += 0.01
            jump = 3600.0 if round_ >= 100 else 0.0
            results.append(PacketResult(at, 5.0 + jump + at, 1200))
        estimator.feedback(results, at + 0.05)
    assert estimator.drops <= 1


@pytest.mark.parametrize("step", [0.0, -0.0001], ids=["stands", "goes back"])
def test_a_client_whose_clock_never_advances_takes_no_more_memory(step: float) -> None:
    rate = AckedRate()
    for number in range(3 * MAX_ACKED):
        rate.add(100.0 + number * step, 1200)
    assert len(rate._packets) == MAX_ACKED
    assert rate._bytes == MAX_ACKED * 1200
