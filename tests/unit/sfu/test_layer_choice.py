"""Which layer feeds which slot, and which layers a publisher is asked for: rules without a network."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from sfu.forward.contract import Codec, ProducerParams, ProducerState
from sfu.routing.feeds import Feeds
from sfu.routing.layers import BEST, MEASURE_SECONDS, NOTHING, Layers
from sfu.routing.pausing import PAUSE_SECONDS, Wanted
from sfu.routing.producer import Producer

PARAMS = ProducerParams("video", Codec.VP8, 96, 90000)
RIDS = ("q", "h", "f")


def camera(rids: tuple[str, ...] = RIDS, first: int = 10) -> Layers:
    """A camera of Alice's with these layers, on the handles `first` and up."""
    return Layers(
        [
            Producer(first + i, "alice", "camera", "1", PARAMS, rid=rid, group=first)
            for i, rid in enumerate(rids)
        ]
    )


class Network:
    """What has come in from each producer; its clock."""

    def __init__(self) -> None:
        self.now = 100.0
        self.bytes: dict[int, list[int]] = {}

    def ask(self, handle: int) -> ProducerState:
        temporal = self.bytes.get(handle, [0, 0, 0, 0])
        total = sum(temporal)
        return ProducerState(total // 100, total, 0, 0, 0, 127, (*temporal,))  # type: ignore[arg-type]

    def run(self, source: Layers, seconds: float, rates: dict[int, tuple[int, ...]]) -> list[bool]:
        """So much time with so many bit/s by handle (one a temporal layer), looked at as a worker does."""
        changes = []
        for _ in range(round(seconds / 0.1)):
            self.now += 0.1
            for handle, rate in rates.items():
                held = self.bytes.setdefault(handle, [0, 0, 0, 0])
                for layer, bits in enumerate(rate):
                    held[layer] += round(bits / 80)
            changes.append(source.measure(self.ask, self.now))
        return changes


# --- which layers flow -----------------------------------------------------------------------------


def test_only_layers_that_send_flow() -> None:
    network, source = Network(), camera()
    network.run(source, 1.0, {10: (100_000,), 11: (300_000,)})
    assert [layer.flows for layer in source.layers] == [True, True, False]


def test_a_layer_flows_with_its_first_packet() -> None:
    network, source = Network(), camera()
    assert True in network.run(source, 0.1, {10: (100_000,)})
    assert source.layers[0].flows


def test_a_layer_that_falls_silent_flows_no_more_within_a_second() -> None:
    network, source = Network(), camera()
    network.run(source, 2.0, {10: (100_000,), 11: (300_000,)})
    changes = network.run(source, 2 * MEASURE_SECONDS, {10: (100_000,)})
    assert [layer.flows for layer in source.layers] == [True, False, False]
    assert changes.count(True) == 1


def test_the_only_stream_of_a_source_always_counts_as_flowing() -> None:
    network, source = Network(), camera(("",))
    network.run(source, 3.0, {})
    assert source.layers[0].flows
    assert source.layers[0].bitrate == 0


def test_bitrates_are_measured_whole_and_by_temporal_layer() -> None:
    network, source = Network(), camera()
    network.run(source, 4.0, {10: (60_000, 20_000, 40_000)})
    (low, *_) = source.layers
    assert low.bitrate == pytest.approx(120_000, rel=0.02)
    assert low.bitrates == pytest.approx((60_000, 80_000, 120_000, 120_000), rel=0.02)
    assert low.temporal_layers == 3
    network.run(source, 2.0, {})
    assert (low.bitrate, round(low.usual, -4)) == (0, 120_000)


def test_layers_that_are_written_best_first_are_turned_round_once_all_have_been_seen() -> None:
    network, source = Network(), camera(("0", "1", "2"))
    network.run(source, 2.0, {10: (900_000,), 11: (300_000,)})
    assert source.rids == ("0", "1", "2")
    network.run(source, 2.0, {10: (900_000,), 11: (300_000,), 12: (100_000,)})
    assert source.rids == ("2", "1", "0")
    assert source.group == 10


@pytest.mark.parametrize(
    ("flowing", "wish", "picked"),
    [
        ((0, 1, 2), BEST, 2),
        ((0, 1, 2), 1, 1),
        ((0, 2), 1, 0),
        ((1, 2), 0, 1),
        ((), 2, 0),
        ((2,), BEST, 2),
    ],
)
def test_a_wish_means_the_best_layer_up_to_it_that_flows(
    flowing: tuple[int, ...], wish: int, picked: int
) -> None:
    source = camera()
    for index in flowing:
        source.layers[index].flows = True
    assert source.pick(wish) is source.layers[picked]
    assert source.pick(NOTHING) is None


# --- what feeds a slot -----------------------------------------------------------------------------


@dataclass
class Hands:
    done: list[tuple[int, int | None, bool]] = field(default_factory=list)
    limits: list[tuple[int, int]] = field(default_factory=list)

    def feed(self, slot: int, producer: int | None, hold: bool) -> None:
        self.done.append((slot, producer, hold))

    def thin(self, slot: int, temporal: int) -> None:
        self.limits.append((slot, temporal))

    def take(self) -> list[tuple[int, int | None, bool]]:
        done, self.done = self.done, []
        return done


def flowing(*indices: int) -> Layers:
    source = camera()
    for index in indices:
        source.layers[index].flows = True
    return source


def test_a_slot_begins_with_the_best_layer_that_flows() -> None:
    hands = Hands()
    feeds = Feeds(hands)
    feeds.routed(1, flowing(0, 1))
    assert hands.take() == [(1, 11, False)]
    feeds.routed(1, None)
    assert hands.take() == [(1, None, False)]
    assert feeds.of(1) is None


def test_a_better_layer_is_waited_for_and_a_worse_one_that_is_forced_is_not() -> None:
    hands = Hands()
    feeds = Feeds(hands)
    feeds.routed(1, flowing(0, 1, 2))
    feeds.select(1, 0, 3, hold=False)
    feeds.select(1, 2, 3, hold=True)
    assert hands.take() == [(1, 12, False), (1, 10, False), (1, 12, True)]


def test_a_change_that_waits_is_forced_by_asking_again_without_waiting() -> None:
    hands = Hands()
    feeds = Feeds(hands)
    feeds.routed(1, flowing(0, 1, 2))
    feeds.select(1, 0, 3, hold=True)
    feeds.select(1, 0, 3, hold=True)
    feeds.select(1, 0, 3, hold=False)
    feeds.select(1, 0, 3, hold=False)
    assert hands.take() == [(1, 12, False), (1, 10, True), (1, 10, False)]


def test_a_wish_outlives_that_its_layer_stops_and_starts() -> None:
    hands = Hands()
    feeds = Feeds(hands)
    source = flowing(0, 1, 2)
    feeds.routed(1, source)
    feeds.select(1, 1, 3, hold=True)
    hands.take()
    source.layers[1].flows = False
    feeds.shifted(source)
    assert hands.take() == [(1, 10, False)]
    source.layers[1].flows = True
    feeds.shifted(source)
    assert hands.take() == [(1, 11, True)]


def test_another_source_begins_with_the_best_whatever_was_wished_of_the_last() -> None:
    hands = Hands()
    feeds = Feeds(hands)
    feeds.routed(1, flowing(0, 1, 2))
    feeds.select(1, 0, 0, hold=False)
    hands.take()
    other = camera(first=20)
    for layer in other.layers:
        layer.flows = True
    feeds.routed(1, other)
    assert hands.take() == [(1, 22, False)]
    assert hands.limits == [(1, 0), (1, 3)]


def test_a_wish_for_nothing_stops_the_slot_and_it_can_go_on() -> None:
    hands = Hands()
    feeds = Feeds(hands)
    feeds.routed(1, flowing(0, 1, 2))
    feeds.select(1, NOTHING, 3, hold=False)
    feeds.select(1, 1, 3, hold=True)
    assert hands.take() == [(1, 12, False), (1, None, False), (1, 11, False)]


def test_the_highest_wish_of_all_listeners_counts() -> None:
    feeds = Feeds(Hands())
    source = flowing(0, 1, 2)
    assert feeds.highest(source.group) == NOTHING
    feeds.routed(1, source)
    feeds.routed(2, source)
    feeds.select(1, 0, 3, hold=True)
    feeds.select(2, 1, 3, hold=True)
    assert feeds.highest(source.group) == 1
    feeds.slot_gone(2)
    assert feeds.highest(source.group) == 0
    assert feeds.changed == {source.group}


def test_selecting_for_a_slot_that_carries_nobody_does_nothing() -> None:
    hands = Hands()
    Feeds(hands).select(7, 2, 3, hold=True)
    assert hands.done == []


# --- pausing ---------------------------------------------------------------------------------------


def test_what_nobody_wants_is_paused_after_a_while() -> None:
    wanted = Wanted(3)
    assert not wanted.look(0, 10.0)
    assert not wanted.look(0, 10.0 + PAUSE_SECONDS - 0.1)
    assert wanted.waiting
    assert wanted.look(0, 10.0 + PAUSE_SECONDS)
    assert (wanted.told, wanted.waiting) == (0, False)
    assert not wanted.look(0, 100.0)


def test_what_is_wanted_again_is_asked_for_at_once() -> None:
    wanted = Wanted(3)
    wanted.look(NOTHING, 0.0)
    wanted.look(NOTHING, PAUSE_SECONDS)
    assert wanted.told == NOTHING
    assert wanted.look(BEST, PAUSE_SECONDS + 0.01)
    assert wanted.told == 2


def test_a_listener_who_steps_aside_and_back_pauses_nothing() -> None:
    wanted = Wanted(3)
    told = False
    for second in range(20):
        told |= wanted.look(NOTHING if second % 4 else BEST, float(second))
    assert not told
