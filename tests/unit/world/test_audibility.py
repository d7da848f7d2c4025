"""Who hears whom, whatever people do."""

from __future__ import annotations

import math

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from tests.support.people import person
from tests.support.tiny_world import ROOM_1, ROOM_2
from world.hearing.audibility import FULL, KEEP, PREWARM, PREWARM_KEEP, RADIUS, Audibility, gain, relation
from world.space.grid import Grid
from world.space.player import Player

# Where one can be: the private rooms, and public space.
ROOMS = [None, None, ROOM_1, ROOM_2]
place = st.floats(0, 1000)


class World:
    """Grid and relations, with one update per call."""

    def __init__(self, *people: Player) -> None:
        self.grid = Grid()
        self.audibility = Audibility()
        self.people = list(people)
        for player in people:
            self.grid.put(player)
        self.update(*people)

    def update(self, *touched: Player) -> set[Player]:
        for player in touched:
            self.grid.put(player)
        changed = self.audibility.update(touched, [], self.grid)
        return changed.filed.union(changed.listeners, *map(self.audibility.room, changed.rooms))

    def walk(self, player: Player, x: float, y: float = 0.0, room: str | None = None) -> set[Player]:
        player.x, player.y, player.room = x, y, room
        return self.update(player)


# --- public space ----------------------------------------------------------------------------------


def test_two_people_meet_at_300_px_and_part_at_330() -> None:
    ann, bob = person("ann"), person("bob", 1000)
    world = World(ann, bob)
    heard = []
    for x in (400, 360, 359, 300, 299, 329, 330, 301, 299):
        world.walk(bob, x)
        heard.append((x, world.audibility.hears(ann, bob), world.audibility.reach(ann).get(bob)))
    assert heard == [
        (400, False, None),
        (360, False, None),
        (359, False, False),
        (300, False, False),
        (299, True, True),
        (329, True, True),
        (330, False, False),
        (301, False, False),
        (299, True, True),
    ]


def test_swaying_at_a_border_changes_nothing_after_the_first_step() -> None:
    for border in (RADIUS, KEEP, PREWARM, PREWARM_KEEP):
        ann, bob = person("ann"), person("bob", border + 10)
        world = World(ann, bob)
        changes = sum(bool(world.walk(bob, border + (6 if i % 2 else -6))) for i in range(50))
        assert changes <= 1, border


def test_only_those_whose_relations_changed_are_looked_at() -> None:
    ann, bob, far = person("ann"), person("bob", 200), person("far", 900)
    world = World(ann, bob, far)
    assert world.walk(bob, 210) == set()
    assert world.walk(bob, 450) == {ann, bob}
    assert world.walk(bob, 650) == {bob, far}


def test_loudness_is_full_near_by_fades_smoothly_and_is_nothing_at_the_radius() -> None:
    assert gain(0) == gain(FULL) == 1.0
    assert gain(RADIUS) == gain(RADIUS + 50) == 0.0
    steps = [gain(d) for d in range(0, 320, 4)]
    assert steps == sorted(steps, reverse=True)
    assert math.isclose(gain((FULL + RADIUS) / 2), 0.5)


@given(st.floats(0, 500), st.sampled_from([None, True, False]))
def test_a_relation_that_is_looked_at_twice_is_the_same(distance: float, before: bool | None) -> None:
    once = relation(distance * distance, before)
    assert relation(distance * distance, once) is once


# --- walls -----------------------------------------------------------------------------------------


def test_in_a_room_distance_does_not_matter() -> None:
    ann, bob = person("ann", 0, 0, ROOM_1), person("bob", 5000, 0, ROOM_1)
    world = World(ann, bob)
    assert world.audibility.gain(ann, bob) == 1.0


def test_nobody_hears_through_a_wall_however_near() -> None:
    inside, other, outside = person("in", 0, 0, ROOM_1), person("other", 1, 0, ROOM_2), person("out", 2)
    world = World(inside, other, outside)
    for a in world.people:
        for b in world.people:
            assert not world.audibility.hears(a, b)
            assert world.audibility.gain(a, b) == 0.0


def test_walking_through_a_door_ends_the_old_relations_in_the_same_update() -> None:
    ann, bob, carl = person("ann"), person("bob", 50), person("carl", 60, 0, ROOM_1)
    world = World(ann, bob, carl)
    assert world.walk(bob, 55, 0, ROOM_1) == {ann, bob, carl}
    assert not world.audibility.hears(ann, bob)
    assert world.audibility.hears(carl, bob)
    assert world.walk(bob, 55) == {ann, bob, carl}
    assert world.audibility.hears(ann, bob)
    assert not world.audibility.hears(carl, bob)


def test_somebody_who_lost_the_connection_is_heard_by_nobody_and_hears_nobody() -> None:
    ann, bob = person("ann"), person("bob", 50)
    world = World(ann, bob)
    bob.present = False
    assert world.update(bob) == {ann, bob}
    assert not world.audibility.hears(ann, bob)
    assert list(world.audibility.hearers(ann)) == []
    bob.present = True
    world.update(bob)
    assert world.audibility.hears(ann, bob)


# --- properties ------------------------------------------------------------------------------------


class Walking(RuleBasedStateMachine):
    """People come, walk, change rooms, vanish, in any order; several in one update."""

    @initialize()
    def begin(self) -> None:
        self.world = World()
        self.count = 0

    @rule(x=place, y=place, room=st.sampled_from(ROOMS))
    def come(self, x: float, y: float, room: str | None) -> None:
        if self.count < 12:
            self.count += 1
            player = person(f"p{self.count}", x, y, room)
            self.world.people.append(player)
            self.world.update(player)

    @rule(moves=st.lists(st.tuples(st.integers(0, 11), place, place, st.sampled_from(ROOMS)), max_size=6))
    def walk(self, moves: list[tuple[int, float, float, str | None]]) -> None:
        touched = []
        for which, x, y, room in moves:
            if which < len(self.world.people):
                player = self.world.people[which]
                player.x, player.y, player.room = x, y, room
                if player not in touched:
                    touched.append(player)
        self.world.update(*touched)

    @rule(which=st.integers(0, 11))
    def blink(self, which: int) -> None:
        if which < len(self.world.people):
            player = self.world.people[which]
            player.present = not player.present
            self.world.update(player)

    @rule(which=st.integers(0, 11))
    def go(self, which: int) -> None:
        if which < len(self.world.people):
            player = self.world.people.pop(which)
            self.world.grid.remove(player)
            changed = self.world.audibility.update([], [player], self.world.grid)
            assert player not in changed.filed | changed.listeners

    @invariant()
    def hearing_is_symmetric_and_true(self) -> None:
        audibility = self.world.audibility
        for a in self.world.people:
            for b in self.world.people:
                if a is b:
                    assert not audibility.hears(a, b)
                    continue
                assert audibility.hears(a, b) == audibility.hears(b, a)
                assert audibility.gain(a, b) == audibility.gain(b, a)
                distance = math.hypot(a.x - b.x, a.y - b.y)
                if not (a.present and b.present) or a.room != b.room:
                    assert not audibility.hears(a, b)
                    assert b not in audibility.reach(a)
                elif a.room is not None or distance < RADIUS - 1e-6:
                    assert audibility.hears(a, b)
                elif distance >= KEEP:
                    assert not audibility.hears(a, b)
                if a.room is b.room is None and a.present and b.present:
                    if distance < PREWARM - 1e-6:
                        assert b in audibility.reach(a)
                    elif distance >= PREWARM_KEEP:
                        assert b not in audibility.reach(a)


Walking.TestCase.settings = settings(max_examples=40, stateful_step_count=25, deadline=None)
TestWalking = Walking.TestCase


@given(
    st.lists(st.tuples(place, place, st.sampled_from(ROOMS)), min_size=2, max_size=8),
    st.randoms(use_true_random=False),
)
@settings(max_examples=60)
def test_who_hears_whom_does_not_depend_on_the_order_of_arrival(
    places: list[tuple[float, float, str | None]], random: object
) -> None:
    def relations(order: list[int], together: bool) -> set[tuple[str, str]]:
        people = [person(f"p{i}", *where) for i, where in enumerate(places)]
        world = World()
        ordered = [people[i] for i in order]
        for batch in [ordered] if together else [[player] for player in ordered]:
            world.update(*batch)
        return {(a.user_id, b.user_id) for a in people for b in people if world.audibility.hears(a, b)}

    order = list(range(len(places)))
    first = relations(order, together=True)
    random.shuffle(order)  # type: ignore[attr-defined]
    assert relations(order, together=False) == first
