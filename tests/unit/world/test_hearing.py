"""From relations to routes: what is told at once, and what waits for its turn."""

from __future__ import annotations

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from signaling.messages import MediaFlags
from tests.support.people import person
from world.hearing.audibility import Audibility
from world.hearing.routes import LOOKS_PER_TURN, Change, Hearing, Link
from world.hearing.slots import Ears, rank_room
from world.space.grid import Grid
from world.space.player import Player


class Space:
    """People with media, and one turn per call."""

    def __init__(self) -> None:
        self.grid, self.audibility = Grid(), Audibility()
        self.epoch = 0
        self.hearing = Hearing("s", self.audibility, self._next)
        self.now = 0.0

    def _next(self) -> int:
        self.epoch += 1
        return self.epoch

    def come(self, player: Player) -> Player:
        self.hearing.links[player] = Link(f"session-{player.user_id}", "w1", Ears(4, 4))
        return player

    def turn(self, *touched: Player) -> list[Change]:
        self.now += 0.05
        for player in touched:
            self.grid.put(player)
        heard = self.audibility.update(touched, [], self.grid)
        return self.hearing.refresh(self.now, heard.filed, heard.listeners, heard.rooms, heard.lost)

    def settle(self) -> None:
        while self.hearing.waiting:
            self.turn()

    def fed(self, listener: Player) -> set[str]:
        """Whom the listener's slots make audible or visible."""
        ears = self.hearing.links[listener].ears
        assert ears is not None
        wishes = [*ears.audio.slots, *ears.video.slots]
        return {wish.player.user_id for wish in wishes if wish is not None and wish.active}


def test_a_crowd_is_given_a_newcomer_by_and_by_and_loses_them_at_once() -> None:
    space = Space()
    crowd = [space.come(person(f"p{i:03}", room="r")) for i in range(3 * LOOKS_PER_TURN)]
    space.turn(*crowd)
    space.settle()
    ann = space.come(person("ann", 0, 0, "r", "mic"))
    changes = space.turn(ann)
    assert 0 < len(changes) <= LOOKS_PER_TURN + 1
    assert len(space.turn()) == len(space.turn()) == LOOKS_PER_TURN
    assert all(space.fed(listener) == {"ann"} for listener in crowd)
    ann.room = None
    told = space.turn(ann)
    assert {change.player for change in told} == {ann, *crowd}
    assert not any(change.routes.routes for change in told)
    assert not any(space.fed(listener) for listener in crowd)


def test_who_has_not_been_looked_at_yet_is_fed_nobody_who_has_left() -> None:
    space = Space()
    crowd = [space.come(person(f"p{i:03}", room="r")) for i in range(2 * LOOKS_PER_TURN)]
    ann = space.come(person("ann", 0, 0, "r", "mic"))
    space.turn(*crowd, ann)
    bob = space.come(person("bob", 0, 0, "r", "mic"))
    space.turn(bob)
    bob.room = None
    space.turn(bob)
    space.settle()
    assert all(space.fed(listener) == {"ann"} for listener in crowd)


def test_a_newcomer_takes_no_slot_from_those_who_are_as_quiet() -> None:
    space = Space()
    crowd = [space.come(person(f"p{i:03}", 0, 0, "r", "mic")) for i in range(20)]
    space.turn(*crowd)
    before = [space.fed(listener) for listener in crowd]
    newcomer = space.come(person("a-first-by-id", 0, 0, "r", "mic"))
    assert [change.player for change in space.turn(newcomer)] == [newcomer]
    assert [space.fed(listener) for listener in crowd] == before
    assert len(space.fed(newcomer)) == 4
    newcomer.spoke_at = space.now
    ranked = rank_room(space.audibility.room("r"), space.now, rank_room(crowd, 0.0))
    assert ranked.audio[0].player is newcomer


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=40, deadline=None)
def test_whatever_happens_slots_carry_only_who_is_heard_and_in_the_end_all_that_fit(seed: int) -> None:
    rng = random.Random(seed)
    space = Space()
    people = [space.come(person(f"p{i}", rng.uniform(0, 900), 0, None, "mic", "camera")) for i in range(12)]
    space.turn(*people)
    for _ in range(30):
        some = rng.sample(people, 3)
        for player in some:
            player.x = rng.uniform(0, 900)
            player.room = rng.choice([None, None, "a", "b"])
            player.present = rng.random() < 0.9
        space.turn(*some)
        for listener in people:
            assert all(
                space.audibility.hears(listener, other)
                for other in people
                if other.user_id in space.fed(listener)
            )
    space.settle()
    for listener in people:
        heard = {other.user_id for other in people if space.audibility.hears(listener, other)}
        assert len(space.fed(listener)) >= min(4, len(heard))
        assert len(heard) > 4 or space.fed(listener) == heard


def test_a_muted_source_is_taken_back_and_a_carrier_is_not_crossed() -> None:
    space = Space()
    ann, bob = space.come(person("ann")), space.come(person("bob", 50, 0, None, "mic", "camera"))
    space.turn(ann, bob)
    assert space.fed(ann) == {"bob"}
    bob.flags = MediaFlags(mic=False, camera=False)
    (change,) = space.hearing.refresh(1.0, [], [], [], [(ann, bob)])
    assert change.player is ann
    assert change.routes.routes == ()
    bob.flags = MediaFlags(mic=True, camera=True)
    space.hearing.refresh(2.0, [ann])
    bob.carrier = "w2"
    (change,) = space.hearing.refresh(3.0, [], [], [], [(ann, bob)])
    assert change.routes.routes == ()
