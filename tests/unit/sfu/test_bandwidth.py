"""A listener's feedback becomes layers: with a forwarder that writes down, and time that is turned."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from prometheus_client import CollectorRegistry

from sfu.congestion.ladder import ALL_FRAMES, Layer, ladder
from sfu.downlink.bandwidth import AUDIO_BITRATE, DOUBLED_BITRATE, Bandwidth, View
from sfu.forward.contract import Codec, ExtensionIds, SlotParams
from sfu.metrics import Metrics
from sfu.routing.slot import Slot
from sfu.rtp.twcc import TICKS_PER_SECOND, TransportFeedback
from tests.support.fake_forwarder import FakeForwarder

PEER, SESSION = 7, "lisa"
VOICE = SlotParams("audio", 600, 0, {Codec.OPUS: (111, 0)}, red_payload_type=63)
SIMPLE = SlotParams("audio", 601, 0, {Codec.OPUS: (111, 0)})
STEPS = ladder([Layer(True, 150e3), Layer(True, 500e3), Layer(True, 1500e3)])


class Path(FakeForwarder):
    """Packets that left, by their transport-wide numbers."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.departed: dict[int, tuple[float, int]] = {}
        self.probed: list[tuple[int, int, int]] = []
        self.asked: list[int] = []

    def transport_sent(self, peer: int, numbers: list[int]) -> list[tuple[float, int]]:
        assert peer == PEER
        self.asked.append(len(numbers))
        return [self.departed.get(number, (0.0, 0)) for number in numbers]

    def probe(self, slot: int, packets: int, padding: int) -> int:
        self.probed.append((slot, packets, padding))
        return packets


class Lisa:
    """One listener with `faces` to see, over a path of `capacity` bit/s with a queue."""

    def __init__(self, faces: int = 3, numbered: bool = True) -> None:
        self.now = 100.0
        self.path = Path()
        self.views = [View(slot, (float(slot),), STEPS) for slot in range(1, faces + 1)]
        self.audio = 2
        self.selected: dict[int, tuple[int, int, bool]] = {}
        self.log: list[tuple[float, int, int]] = []
        self.told: list[frozenset[int]] = []
        self.metrics = Metrics(CollectorRegistry())
        self.heard = (-1.0, -1.0)
        self.bandwidth = Bandwidth(self.path, self, self.metrics, lambda _: self.heard)
        ids = ExtensionIds(transport_cc=4 if numbered else 0)
        params = SlotParams("video", 500, 501, {Codec.VP8: (96, 97)}, ids)
        slots = [Slot(slot, SESSION, "video", slot, params, "c") for slot in range(1, faces + 1)]
        self.path.slots |= {50: VOICE, 51: SIMPLE}
        slots += [Slot(50, SESSION, "audio", 0, VOICE, "c"), Slot(51, SESSION, "audio", 1, SIMPLE, "c")]
        self.bandwidth.add(SESSION, PEER, slots, self.now)
        self.bandwidth.changed(SESSION, self.now)
        self.number = self.feedbacks = 0
        self.queue_until = 0.0

    # Views

    def videos(self, session: str) -> Iterable[View]:
        assert session == SESSION
        return self.views

    def audible(self, session: str) -> int:
        return self.audio

    def select(self, slot: int, spatial: int, temporal: int, hold: bool) -> None:
        self.selected[slot] = (spatial, temporal, hold)
        self.log.append((self.now, slot, spatial))

    def shown(self, session: str, paused: frozenset[int]) -> None:
        self.told.append(paused)

    # time

    @property
    def spatial(self) -> list[int]:
        return [self.selected[slot][0] for slot in sorted(self.selected)]

    def watch(self, seconds: float, capacity: float) -> None:
        """So much time over such a path; feedback comes every 50 ms."""
        pending: list[tuple[int, float]] = []
        for step in range(round(seconds / 0.01)):
            self.now += 0.01
            downlink = self.bandwidth.of(SESSION)
            assert downlink is not None
            due = (AUDIO_BITRATE * self.audio if downlink.stopped else downlink.allocation.used) * 0.01 / 8
            sizes = [round(due)] if due else []
            probes = self.path.probed
            sizes += [255 + 24] * sum(packets for _, packets, _ in probes)
            probes.clear()
            for size in sizes:
                self.path.departed[self.number] = (self.now, size)
                self.queue_until = max(self.queue_until, self.now) + size * 8 / capacity
                if self.queue_until - self.now < 1.0:
                    pending.append((self.number, self.queue_until + 0.02))
                else:
                    self.queue_until -= size * 8 / capacity
                self.number = self.number + 1 & 0xFFFF
            if step % 2 == 0:
                self.bandwidth.tick(self.now)
            if step % 5 == 0:
                here = [(number, at) for number, at in pending if at <= self.now]
                pending = [(number, at) for number, at in pending if at > self.now]
                self.tell(here)

    def tell(self, arrivals: list[tuple[int, float]]) -> None:
        if not arrivals:
            return
        base = arrivals[0][0]
        self.feedbacks += 1
        ticks = tuple((number, int(at * TICKS_PER_SECOND)) for number, at in arrivals)
        count = (arrivals[-1][0] - base & 0xFFFF) + 1
        told = TransportFeedback(1, 500, base, count, self.feedbacks & 0xFF, ticks)
        self.bandwidth.feedback(PEER, told, self.now)


def test_a_wide_path_shows_everybody_whole_within_seconds() -> None:
    lisa = Lisa()
    assert lisa.spatial == [1, 0, 0]  # nobody knows yet: carefully
    lisa.watch(5, 20e6)
    assert lisa.spatial == [2, 2, 2]
    assert lisa.metrics.registry.get_sample_value("atrium_sfu_probes_total", {"result": "carried"})


def test_a_path_that_becomes_narrow_costs_the_far_ones_their_layers_at_once() -> None:
    lisa = Lisa()
    lisa.watch(5, 20e6)
    lisa.watch(2, 700e3)
    assert lisa.spatial[0] <= 1
    assert all(not hold for _, _, hold in lisa.selected.values())
    lisa.watch(3, 700e3)
    used = lisa.bandwidth.of(SESSION)
    assert used is not None
    assert used.allocation.used <= 700e3


def test_a_queue_that_rises_steeply_stops_pictures_till_it_is_gone_and_calls_none_paused() -> None:
    lisa = Lisa()
    lisa.watch(5, 20e6)
    begun, told = lisa.now, len(lisa.told)
    lisa.log.clear()
    lisa.watch(2, 1.5e6)
    stopped = [at for at, _, spatial in lisa.log if spatial < 0]
    assert len(stopped) == 3  # each once
    assert set(stopped) == {stopped[0]}
    assert stopped[0] - begun < 0.2
    back = [at for at, slot, spatial in lisa.log if slot == 1 and spatial >= 0]
    assert back[0] - begun < 1.0
    assert min(lisa.spatial) >= 0
    assert set(lisa.told[told:]) == {frozenset()}


def test_pictures_come_back_after_the_hold_when_the_path_is_wide_again() -> None:
    lisa = Lisa()
    lisa.watch(5, 20e6)
    lisa.watch(5, 700e3)
    lisa.watch(20, 20e6)
    assert lisa.spatial == [2, 2, 2]
    assert lisa.told[-1] == frozenset()


def test_who_has_no_room_is_told_paused_and_shown_again_later() -> None:
    lisa = Lisa(faces=10)
    lisa.watch(6, 500e3)
    paused = lisa.told[-1]
    assert paused
    assert 1 not in paused  # the nearest is seen
    assert all(lisa.selected[slot][0] == -1 for slot in paused)
    lisa.watch(20, 50e6)
    assert lisa.told[-1] == frozenset()


def test_what_changes_is_shared_out_at_once_and_what_stays_is_not_touched() -> None:
    lisa = Lisa(faces=2)
    lisa.watch(5, 20e6)
    lisa.selected.clear()
    lisa.views = lisa.views[:1]
    lisa.bandwidth.changed(SESSION, lisa.now)
    assert lisa.selected == {}
    lisa.views = [View(1, (0.0,), STEPS, cap=1)]
    lisa.bandwidth.changed(SESSION, lisa.now)
    assert lisa.selected == {1: (0, ALL_FRAMES, False)}


def test_a_slot_that_is_given_to_another_is_selected_anew() -> None:
    lisa = Lisa(faces=1)
    lisa.watch(5, 20e6)
    lisa.selected.clear()
    lisa.bandwidth.rerouted(SESSION, 1)
    lisa.bandwidth.changed(SESSION, lisa.now)
    assert lisa.selected == {1: (2, ALL_FRAMES, False)}


def test_remb_counts_where_packets_are_not_numbered_and_without_either_all_have_all() -> None:
    lisa = Lisa(numbered=False)
    assert lisa.spatial == [2, 2, 2]
    lisa.bandwidth.remb(PEER, 400_000, lisa.now)
    assert lisa.spatial == [0, 0, -1]
    assert lisa.path.probed == []


def test_feedback_that_lies_costs_little() -> None:
    lisa = Lisa()
    for round_ in range(300):
        lies = TransportFeedback(1, 500, 60_000, 65_535, round_ & 0xFF, ((60_000, 5), (60_001, 1 << 31)))
        lisa.bandwidth.feedback(PEER, lies, lisa.now)
    assert len(lisa.path.asked) <= 61
    assert max(lisa.path.asked) <= 1024
    lisa.watch(5, 20e6)
    assert lisa.spatial == [2, 2, 2]


def test_feedback_of_somebody_else_or_of_nobody_changes_nothing() -> None:
    lisa = Lisa()
    told = TransportFeedback(1, 500, 0, 1, 0, ((0, 1),))
    lisa.bandwidth.feedback(PEER + 1, told, lisa.now)
    lisa.bandwidth.remb(PEER + 1, 1000, lisa.now)
    lisa.bandwidth.remb(PEER, 1000, lisa.now)  # better feedback is negotiated
    assert lisa.spatial == [1, 0, 0]
    lisa.bandwidth.remove(PEER)
    lisa.bandwidth.feedback(PEER, told, lisa.now)
    lisa.bandwidth.changed(SESSION, lisa.now)
    assert lisa.bandwidth.of(SESSION) is None


@pytest.mark.parametrize("faces", [1, 12])
def test_a_listener_who_has_all_they_could_see_is_left_alone(faces: int) -> None:
    lisa = Lisa(faces)
    lisa.watch(8, 100e6)
    probed = sum(packets for _, packets, _ in lisa.path.probed)
    lisa.watch(5, 100e6)
    assert sum(packets for _, packets, _ in lisa.path.probed) == probed
    assert not lisa.bandwidth.busy


def lossy(lisa: Lisa, share: float, seconds: float, capacity: float = 20e6) -> None:
    """Every so many packets one is lost."""
    every = round(1 / share) if share else 0
    tell = lisa.tell
    lisa.tell = lambda arrivals: tell([one for one in arrivals if not every or one[0] % every])  # type: ignore[method-assign]
    lisa.watch(seconds, capacity)
    lisa.tell = tell  # type: ignore[method-assign]


def set_aside(lisa: Lisa) -> float:
    """bit/s for the voices."""
    downlink = lisa.bandwidth.of(SESSION)
    assert downlink is not None
    faces = sum(lisa.views[slot - 1].steps[step].bitrate for slot, step in downlink.allocation.layers.items())
    return downlink.allocation.used - faces


def test_voices_go_out_redundantly_where_much_is_lost_and_the_way_is_long() -> None:
    lisa = Lisa()
    lossy(lisa, 0.05, 15)
    assert lisa.path.doubling == {}  # nobody knows how long the way is
    lisa.heard = (0.0, 0.03)
    lossy(lisa, 0.05, 5)
    assert lisa.path.doubling == {}
    assert set_aside(lisa) == pytest.approx(2 * AUDIO_BITRATE)
    lisa.heard = (0.0, 0.25)
    lossy(lisa, 0.05, 3)
    assert lisa.path.doubling == {50: True}  # not the slot whose client takes none
    assert set_aside(lisa) == pytest.approx(2 * DOUBLED_BITRATE)
    lossy(lisa, 0, 60)
    assert lisa.path.doubling == {50: False}
    assert set_aside(lisa) == pytest.approx(2 * AUDIO_BITRATE)


def test_without_numbers_the_listeners_reports_say_what_is_lost() -> None:
    lisa = Lisa(numbered=False)
    lisa.heard = (0.05, 0.25)
    lisa.bandwidth.changed(SESSION, lisa.now)
    assert lisa.path.doubling == {50: True}


def test_voices_that_would_not_fit_twice_go_out_once() -> None:
    lisa = Lisa(numbered=False)
    lisa.heard = (0.05, 0.25)
    lisa.audio = 4
    lisa.bandwidth.remb(PEER, 250_000, lisa.now)
    lisa.bandwidth.changed(SESSION, lisa.now)
    assert lisa.path.doubling == {}
    lisa.audio = 2
    lisa.bandwidth.changed(SESSION, lisa.now)
    assert lisa.path.doubling == {50: True}
    lisa.audio = 4  # others come near
    lisa.bandwidth.changed(SESSION, lisa.now)
    assert lisa.path.doubling == {50: False}
