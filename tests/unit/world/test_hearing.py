"""From relations to routes: what is told at once, and what waits for its turn."""

from __future__ import annotations

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from signaling.messages import MediaFlags
from tests.support.hearing_space import HearingSpace
from tests.support.people import person
from world.hearing.routes import LOOKS_PER_TURN
from world.hearing.slots import rank_room

PEOPLE = (("ann", 0.0), ("bob", 50.0), ("eve", 100.0))


def test_a_crowd_is_given_a_newcomer_by_and_by_and_loses_them_at_once() -> None:
    space = HearingSpace()
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
    space = HearingSpace()
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
    space = HearingSpace()
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
    space = HearingSpace()
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
    space = HearingSpace()
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


def test_in_a_silent_zone_nobody_is_fed_with_anybody_and_nobody_outside_with_them() -> None:
    space = HearingSpace()
    ann, bob, eve = (space.come(person(name, x, 0, None, "mic", "camera")) for name, x in PEOPLE)
    space.turn(ann, bob, eve)
    assert space.fed(ann) == {"bob", "eve"}
    ann.silent = bob.silent = True
    space.turn(ann, bob)
    assert not any(space.fed(player) for player in (ann, bob, eve))
    assert not space.audibility.hears(ann, bob)
    assert space.turn(ann) == [], "walking on in there changes nothing"
    bob.silent = False
    space.turn(bob)
    assert (space.fed(ann), space.fed(bob), space.fed(eve)) == (set(), {"eve"}, {"bob"})


def test_a_private_room_is_left_for_a_silent_zone_at_once() -> None:
    space = HearingSpace()
    ann, bob = (space.come(person(name, 0, 0, "r", "mic")) for name in ("ann", "bob"))
    space.turn(ann, bob)
    assert space.fed(bob) == {"ann"}
    ann.room, ann.silent = None, True
    told = {change.player: change.routes for change in space.turn(ann)}
    assert told[ann].router == "s:public"
    assert not told[ann].routes
    assert not told[bob].routes
