"""The laws of hearing on a running space: steps, doors, ticks, routes and the worker's table together.

People walk about the tiny map's doors, several steps of several people within one tick; what each tick
tells the worker is applied to a routing table and followed operation by operation, as the packets see it.
"""

from __future__ import annotations

import math
import random
from collections import Counter
from dataclasses import replace
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from sfu.forward.contract import Codec
from sfu.routing.router import ProducerRef, RoutingTable, SlotRef
from signaling.control import SetRoutes
from signaling.messages import Kind, MediaFlags
from tests.support.tiny_world import ROOM_1, ROOM_2, TinyGround, tiny_record, zone
from world.hearing.audibility import KEEP, PREWARM, PREWARM_KEEP, RADIUS
from world.hearing.routes import Link
from world.hearing.slots import Ears
from world.metrics import WorldMetrics
from world.nodes.lease import Lease, Tenure
from world.records import Seat, ZoneRecord
from world.running.live import LiveSpace, Outside
from world.space.player import Player
from world.space.space import Space

# Fewer slots than people, so that there is something to choose.
SLOTS = 3
# Room 1 takes so many.
CAPACITY = 2
NAMES = tuple(f"p{i}" for i in range(8))
# About the doors between the two rooms and the Hall, the strip below the Hall, and somewhere far.
STARTS = ((390.0, 420.0), (410.0, 420.0), (350.0, 460.0), (600.0, 430.0), (390.0, 1490.0), (900.0, 700.0))
# Far enough from each other that nobody has to stand beside somebody.
ARRIVALS = {name: (300.0 + 70.0 * i, 300.0 + 60.0 * (i % 4)) for i, name in enumerate(NAMES)}

names = st.sampled_from(NAMES)
steps = st.lists(st.tuples(names, st.integers(0, 7), st.sampled_from([12.0, 60.0, 135.0])), max_size=10)


class Place:
    """A live space that ticks by hand, and the worker that does what it is told."""

    def __init__(self) -> None:
        self.now = 0.0
        self.told: list[SetRoutes] = []
        outside = Outside(
            lambda worker, routes: self.told.append(routes), lambda *_: None, lambda: 0.0, lambda: 0.0
        )
        record = tiny_record()
        zones = tuple(replace(z, capacity=CAPACITY) if z.id == ROOM_1 else z for z in record.zones)
        record = replace(record, zones=zones)
        tenure = Tenure(Lease("here", 1), 0.0)
        self.live = LiveSpace(record, TinyGround(), outside, WorldMetrics(), tenure)
        self.live.ticker.close()
        self.table = RoutingTable()
        # What the plane forwards: whose producer feeds which slot of whom.
        self.feeds: dict[int, int] = {}
        self.slot_of: dict[int, str] = {}
        self.producer_of: dict[int, str] = {}
        self.handles = self.seats = 0

    @property
    def people(self) -> dict[str, Player]:
        return self.live.space.players

    def come(self, name: str, x: float, y: float) -> Player:
        """Somebody with microphone and camera on, and slots to be fed."""
        player = self.live.space.join(Seat(name, name, "a", "walker", "member"), self.now, (x, y))
        player.flags, player.sources, player.carrier = MediaFlags(True, True), {"mic", "camera"}, "w1"
        self.seats += 1
        session = f"{name}.{self.seats}"  # a new one for each seat
        self.live.hearing.links[player] = Link(session, "w1", Ears(SLOTS, SLOTS))
        self.live.media_changed(player)
        self.table.open(session, self.live.hearing.router(player))
        slots: dict[tuple[Kind, int], SlotRef] = {}
        kinds: tuple[Kind, Kind] = ("audio", "video")
        for kind in kinds:
            for number in range(SLOTS):
                slots[kind, number] = SlotRef(self._handle(self.slot_of, name), frozenset(Codec))
        self._follow(self.table.set_slots(session, slots))
        self._follow(self.table.add_producer(session, "mic", self._producer(name, Codec.OPUS)))
        self._follow(self.table.add_producer(session, "camera", self._producer(name, Codec.VP8)))
        return player

    def _handle(self, whose: dict[int, str], name: str) -> int:
        self.handles += 1
        whose[self.handles] = name
        return self.handles

    def _producer(self, name: str, codec: Codec) -> ProducerRef:
        return ProducerRef(self._handle(self.producer_of, name), codec)

    def walk(self, name: str, direction: int, length: float) -> None:
        """One step, legal or not."""
        player = self.people.get(name)
        if player is not None:
            angle = direction * math.pi / 4
            x, y = player.x + length * math.cos(angle), player.y + length * math.sin(angle)
            self.live.space.move(player, x, y, "down", player.last_seq + 1, self.now)

    def go(self, name: str) -> None:
        """Somebody leaves for good."""
        player = self.people.get(name)
        if player is not None:
            link = self.live.hearing.forget(player)
            assert link is not None
            self.live.space.leave(name)
            self._follow(self.table.close(link.session))

    def tick(self, shuffle: random.Random | None = None) -> None:
        """One tick; what it says to the worker arrives as one batch, in any order."""
        self.now += 1.0
        self.told.clear()
        self.live.tick(self.now)
        told = list(self.told)
        if shuffle is not None:
            shuffle.shuffle(told)
        self._follow(self.table.apply(told))

    def _follow(self, operations: list[tuple[int, int | None]]) -> None:
        """Let the plane do what the table says, and look at it after every single operation."""
        before, granting = dict(self.feeds), False
        for slot, producer in operations:
            if producer is None:
                self.feeds.pop(slot, None)
            else:
                granting = True
                self.feeds[slot] = producer
            for fed, by in self.feeds.items():
                if before.get(fed) == by and not granting:
                    continue  # of the tick before; not taken away yet, and nothing was given yet
                listener, speaker = self.people[self.slot_of[fed]], self.people[self.producer_of[by]]
                assert listener.room == speaker.room, "through a wall"
                assert self.live.audibility.hears(listener, speaker), "without being allowed"

    def settle(self) -> None:
        """Until every turn that somebody waits for is over."""
        self.tick()
        while self.live.hearing.waiting or self.live.hearing.restless:
            self.tick()

    def heard(self) -> set[tuple[str, str]]:
        """Who hears whom."""
        hears = self.live.audibility.hears
        return {
            (a.user_id, b.user_id) for a in self.people.values() for b in self.people.values() if hears(a, b)
        }

    def reserved(self) -> set[tuple[str, str]]:
        """For whom slots are kept of whom, or more."""
        return {(a.user_id, b.user_id) for a in self.people.values() for b in self.live.audibility.reach(a)}


class Doors(RuleBasedStateMachine):
    """People walk in and out, rooms are locked and full, connections are lost, several things in one tick."""

    @initialize(shuffle=st.randoms(use_true_random=False))
    def begin(self, shuffle: random.Random) -> None:
        self.place = Place()
        self.inside: dict[str, set[str]] = {}
        self.shuffle = shuffle

    @rule(name=names, at=st.sampled_from(STARTS))
    def come(self, name: str, at: tuple[float, float]) -> None:
        if name not in self.place.people:
            self.place.come(name, *at)

    @rule(steps=steps)
    def walk(self, steps: list[tuple[str, int, float]]) -> None:
        for name, direction, length in steps:
            self.place.walk(name, direction, length)
            self._nobody_gets_through_a_closed_door()

    @rule(name=names, direction=st.integers(0, 7))
    def step_out_and_back_within_one_tick(self, name: str, direction: int) -> None:
        self.place.walk(name, direction, 100.0)
        self.place.walk(name, (direction + 4) % 8, 100.0)

    @rule(room=st.sampled_from([ROOM_1, ROOM_2]))
    def turn_the_key(self, room: str) -> None:
        zones = self.place.live.space.zones.zones.values()
        self.place.live.space.set_zones(
            [replace(z, locked=not z.locked) if z.id == room else z for z in zones]
        )

    @rule(name=names)
    def blink(self, name: str) -> None:
        player = self.place.people.get(name)
        if player is not None:
            player.present = not player.present
            self.place.live.space.touch(player)

    @rule(name=names)
    def go(self, name: str) -> None:
        self.place.go(name)

    @rule(name=names, mic=st.booleans())
    def mute(self, name: str, mic: bool) -> None:
        player = self.place.people.get(name)
        if player is not None:
            player.flags = MediaFlags(mic, True)
            self.place.live.media_changed(player)

    @rule()
    def tick(self) -> None:
        self.place.tick(self.shuffle)
        players = self.place.people
        heard = self.place.heard()
        assert heard == {(b, a) for a, b in heard}, "hearing is symmetric"
        for a, b in heard:
            assert players[a].room == players[b].room, "never across a wall"
        for slot, producer in self.place.feeds.items():
            fed = self.place.slot_of[slot], self.place.producer_of[producer]
            assert fed in heard, "after a tick nothing is left of what one may not hear"

    def _nobody_gets_through_a_closed_door(self) -> None:
        space = self.place.live.space
        for room in (ROOM_1, ROOM_2):
            inside = {p.user_id for p in space.players.values() if p.room == room}
            before = self.inside.get(room, set())
            if inside - before:
                assert not space.zones.zones[room].locked
                assert room != ROOM_1 or len(inside) <= CAPACITY
            self.inside[room] = inside

    @invariant()
    def everybody_is_counted_in_the_zone_that_they_are_in(self) -> None:
        space = self.place.live.space
        for zone_id in space.zones.zones:
            here = {p.user_id for p in space.players.values() if p.zone_id == zone_id}
            assert set(space.people_in(zone_id)) == here
        self.inside = {
            room: {p.user_id for p in space.players.values() if p.room == room} for room in (ROOM_1, ROOM_2)
        }


Doors.TestCase.settings = settings(max_examples=40, stateful_step_count=25, deadline=None)
TestNeverAcrossAWallAndRevokedBeforeGrantedAndSymmetric = Doors.TestCase


# --- at a border -----------------------------------------------------------------------------------


# Between two of these there is one answer for each that there was before.
BORDERS = (0.0, RADIUS, KEEP, PREWARM, PREWARM_KEEP, 600.0)


@given(
    st.sampled_from(list(pairwise(BORDERS))),
    st.sampled_from([100.0, 340.0, 600.0]),
    st.lists(st.floats(0, 0.999), min_size=1, max_size=12),
)
@settings(max_examples=80, deadline=None)
def test_who_sways_between_two_borders_changes_nothing_after_the_first_step(
    band: tuple[float, float], first: float, sway: list[float]
) -> None:
    place = Place()
    ann, bob = place.come("ann", 300.0, 1200.0), place.come("bob", 300.0 + first, 1200.0)
    place.settle()
    pictures = []
    for part in sway:
        place.live.space.put(bob, ann.x + band[0] + part * (band[1] - band[0]), 1200.0)
        place.settle()
        pictures.append((place.heard(), place.reserved(), dict(place.feeds)))
    assert all(picture == pictures[0] for picture in pictures)


@given(st.lists(st.floats(-14.9, 14.9), min_size=1, max_size=30))
@settings(max_examples=40, deadline=None)
def test_a_walker_who_sways_within_the_hysteresis_changes_nothing(sway: list[float]) -> None:
    """Nobody is given anything or loses it. The worker is told once, at most, that so far away a smaller
    picture will do."""
    place = Place()
    ann, bob = place.come("ann", 300.0, 1200.0), place.come("bob", 300.0 + RADIUS - 1, 1200.0)
    place.settle()
    middle = (RADIUS + KEEP) / 2
    place.live.space.put(bob, ann.x + middle, 1200.0)
    place.settle()
    heard, feeds, told = place.heard(), dict(place.feeds), Counter[str]()
    assert heard == {("ann", "bob"), ("bob", "ann")}
    for by in sway:
        place.live.space.put(bob, ann.x + middle + by, 1200.0)
        place.tick()
        told.update(routes.session for routes in place.told)
        assert (place.heard(), place.feeds) == (heard, feeds)
    assert all(count == 1 for count in told.values())


# --- order -----------------------------------------------------------------------------------------


@given(
    st.permutations(NAMES),
    st.lists(steps, max_size=6),
    st.randoms(use_true_random=False),
)
@settings(max_examples=25, deadline=None)
def test_who_hears_whom_does_not_depend_on_the_order_of_arrival_nor_of_steps_within_a_tick(
    order: list[str], walk: list[list[tuple[str, int, float]]], shuffle: random.Random
) -> None:
    """Doors are open here: who comes first into a room with one place left is a matter of order."""

    def after(arrivals: list[str], mixed: bool) -> list[set[tuple[str, str]]]:
        place = Place()
        zones = place.live.space.zones.zones.values()
        place.live.space.set_zones([replace(z, capacity=None) for z in zones])
        for name in arrivals:
            place.come(name, *ARRIVALS[name])
            if mixed:
                place.tick()
        place.settle()
        seen = [place.heard()]
        for steps in walk:
            turns = dict.fromkeys(name for name, _, _ in steps)
            if mixed:
                shuffled = list(turns)
                shuffle.shuffle(shuffled)
                turns = dict.fromkeys(shuffled)
            for name in turns:
                for other, direction, length in steps:
                    if other == name:
                        place.walk(name, direction, length)
            place.tick()
            seen.append(place.heard())
        return seen

    assert after(list(NAMES), mixed=False) == after(order, mixed=True)


# --- zones -----------------------------------------------------------------------------------------

# On a raster, so that edges meet, zones overlap and people stand exactly on edges all the time.
raster = st.integers(0, 16).map(lambda n: n * 100.0)
rectangles = st.tuples(raster, raster, st.integers(1, 16), st.integers(1, 16), st.booleans())


@given(
    st.lists(rectangles, max_size=6),
    st.lists(rectangles, max_size=6),
    st.lists(st.tuples(raster, raster, st.sampled_from([0.0, 0.5, -1e-9])), min_size=1, max_size=8),
)
@settings(max_examples=100, deadline=None)
def test_every_player_ends_in_exactly_the_zone_that_contains_them(
    first: list[tuple[float, float, int, int, bool]],
    then: list[tuple[float, float, int, int, bool]],
    places: list[tuple[float, float, float]],
) -> None:
    """By walking, by being set down, and when the zones are drawn anew under their feet."""
    space = Space("s", TinyGround(walls=()), drawn(first), ())
    at = [(min(max(x + by, 0.0), 1599.0), min(max(y + by, 0.0), 1599.0)) for x, y, by in places]
    people = [space.join(Seat(f"p{i}", "", "a", "walker", "owner"), 0.0, where) for i, where in enumerate(at)]
    for zones in (first, then):
        if zones is then:
            space.set_zones(drawn(then))
        for i, player in enumerate(people):
            check_zone(space, player)
            space.put(player, *at[i - 1])
            check_zone(space, player)
            space.move(player, player.x - 100.0, player.y, "left", 1, 1e6)
            check_zone(space, player)


def drawn(rectangles: list[tuple[float, float, int, int, bool]]) -> list[ZoneRecord]:
    """Zones of these positions, sizes in hundreds of px, and private or not."""
    return [
        zone(f"z{i}", "PRIVATE" if private else "PUBLIC", x, y, width * 100.0, height * 100.0)
        for i, (x, y, width, height, private) in enumerate(rectangles)
    ]


def check_zone(space: Space, player: Player) -> None:
    """The smallest of those that contain the feet, left and top edge included; none outside of all."""
    containing = [
        z
        for z in space.zones.zones.values()
        if z.bounds.x <= player.x < z.bounds.x + z.bounds.width
        and z.bounds.y <= player.y < z.bounds.y + z.bounds.height
    ]
    expected = min(containing, key=lambda z: (z.bounds.width * z.bounds.height, z.id), default=None)
    assert player.zone_id == (expected.id if expected else None)
    assert player.room == (expected.id if expected and expected.type == "PRIVATE" else None)
    counted = [z.id for z in space.zones.zones.values() if player.user_id in space.people_in(z.id)]
    assert counted == ([expected.id] if expected else [])
