"""How well each listener is to see each of those whom they see, and when the media plane is told."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signaling.control import Route
from tests.support.hearing_space import HearingSpace
from tests.support.people import person
from world.hearing.attention import CAPS, LOOKS_PER_TURN, NEAREST, PINNED, RINGS, ROUND_SECONDS, Rounds, ring
from world.hearing.audibility import KEEP, RADIUS
from world.hearing.routes import Change
from world.space.player import Player


@pytest.mark.parametrize(
    ("distance", "cap"), [(0, 3), (100, 3), (150, 2), (200, 1), (RADIUS - 1, 1), (RADIUS, 0), (KEEP, 0)]
)
def test_the_near_are_seen_whole_the_far_small_and_those_at_the_edge_not_at_all(
    distance: float, cap: int
) -> None:
    assert CAPS[ring(distance**2, None)] == cap


def test_inwards_counts_at_once_and_outwards_a_few_steps_later() -> None:
    edge = RINGS[2]
    assert ring((edge + 1) ** 2, None) == 3
    assert ring((edge - 1) ** 2, 3) == 2
    assert ring((edge + 1) ** 2, 2) == 2
    assert ring((edge * 1.07) ** 2, 2) == 3


@given(st.floats(0, 400), st.integers(0, len(RINGS)))
def test_looking_twice_is_looking_once(distance: float, before: int) -> None:
    once = ring(distance**2, before)
    assert ring(distance**2, once) == once


def test_everybody_has_their_turn_while_somebody_moves_and_nobody_when_all_stand() -> None:
    rounds, people = Rounds(), [person(f"p{i}") for i in range(LOOKS_PER_TURN + 10)]
    assert rounds.turn(False, people, 0.0) == []
    assert not rounds.more
    looked = rounds.turn(True, people, 1.0) + rounds.turn(False, people, 1.05)
    assert looked == people
    assert not rounds.more
    assert rounds.turn(True, people, 1.1) == []  # twice a second is enough
    assert rounds.more
    assert rounds.turn(False, people, 1.0 + ROUND_SECONDS) == people[:LOOKS_PER_TURN]


# --- what the media plane is told -----------------------------------------------------------------


def attended(space: HearingSpace, *moved: Player) -> list[Change]:
    """A second of turns after these people moved."""
    changes = []
    space.turn(*moved)
    for step in range(20):
        space.now += 0.05
        changes += space.hearing.attend(step == 0, space.now)
    return changes


def videos(change: Change) -> dict[str, tuple[int, int]]:
    """Rank and cap of each video, by its session."""
    return {r.session: (r.rank, r.cap) for r in change.routes.routes if r.kind == "video"}


def test_who_comes_nearer_gets_a_better_picture_and_the_client_hears_nothing_of_it() -> None:
    space = HearingSpace()
    ann = space.come(person("ann"))
    bob = space.come(person("bob", 280, 0, None, "mic", "camera"))
    (first,) = [change for change in space.turn(ann, bob) if change.player is ann]
    assert videos(first) == {"session-bob": (NEAREST + 6, 1)}
    bob.x = 50
    (change,) = attended(space, bob)
    assert (change.player, change.slots) == (ann, None)
    assert videos(change) == {"session-bob": (NEAREST, 3)}
    assert change.routes.epoch > first.routes.epoch
    bob.x = 55
    assert attended(space, bob) == []  # within the ring: nothing new


def test_in_a_room_all_are_near_and_a_pinned_person_is_first() -> None:
    space = HearingSpace()
    ann = space.come(person("ann", 0, 0, "r"))
    others = [space.come(person(name, 400, 400, "r", "camera")) for name in ("bob", "cid")]
    space.turn(ann, *others)
    space.settle()
    ann.pinned = "cid"
    (change,) = space.hearing.refresh(1.0, [ann])
    assert videos(change) == {"session-bob": (NEAREST, 3), "session-cid": (PINNED, 3)}
    assert space.hearing.refresh(2.0, [ann]) == []
    ann.pinned = None
    (change,) = space.hearing.refresh(3.0, [ann])
    assert videos(change)["session-cid"] == (NEAREST, 3)


def test_audio_is_never_capped() -> None:
    space = HearingSpace()
    ann = space.come(person("ann"))
    bob = space.come(person("bob", 290, 0, None, "mic", "camera"))
    (change,) = [change for change in space.turn(ann, bob) if change.player is ann]
    assert [route for route in change.routes.routes if route.kind == "audio"] == [
        Route("audio", 0, "session-bob", "mic")
    ]
