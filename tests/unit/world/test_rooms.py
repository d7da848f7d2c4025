"""Locked and full rooms are closed to every way in."""

from __future__ import annotations

from dataclasses import replace

import pytest

from signaling.messages import Presence, Role
from tests.support.tiny_world import HALL, ROOM_1, ROOM_2, TinyGround, tiny_record
from world.records import Seat, Spawn
from world.space import doors
from world.space.player import Player
from world.space.rooms import room_refusal
from world.space.space import RoomClosed, Space

DOOR = (200.0, 430.0)
INSIDE = (200.0, 380.0)


def space(*, locked: bool = False, capacity: int | None = None) -> Space:
    """The tiny map with a Room_1 that is locked or has a capacity."""
    record = tiny_record()
    zones = [replace(z, locked=locked, capacity=capacity) if z.id == ROOM_1 else z for z in record.zones]
    return Space(record.id, TinyGround(), zones, record.spawns)


def edited(place: Space, *, locked: bool = False, capacity: int | None = None) -> None:
    zones = place.zones.zones.values()
    place.set_zones([replace(z, locked=locked, capacity=capacity) if z.id == ROOM_1 else z for z in zones])


def seat(user: str, role: Role = "member", zone_id: str | None = None, presence: Presence = "walker") -> Seat:
    return Seat(user, user.title(), "avatar-1", presence, role, zone_id)


def at(place: Space, user: str, where: tuple[float, float], role: Role = "member") -> Player:
    player = place.join(seat(user, role), 0.0, where)
    assert (player.x, player.y) == where
    return player


def walk_in(place: Space, player: Player) -> str:
    return place.move(player, player.x, INSIDE[1], "up", 1, 1.0)


def test_nobody_walks_into_a_locked_room() -> None:
    place = space(locked=True)
    ann = at(place, "ann", DOOR)
    assert walk_in(place, ann) == "room_locked"
    assert (ann.x, ann.y, ann.zone_id, ann.room) == (*DOOR, HALL, None)
    edited(place, locked=False)
    assert walk_in(place, ann) == "moved"
    assert ann.room == ROOM_1


def test_a_full_room_takes_the_next_one_when_somebody_leaves() -> None:
    place = space(capacity=1)
    ann, bob = at(place, "ann", DOOR), at(place, "bob", (260.0, 430.0))
    assert walk_in(place, ann) == "moved"
    assert walk_in(place, bob) == "room_full"
    assert bob.room is None
    assert place.move(ann, *DOOR, "down", 2, 2.0) == "moved"
    assert walk_in(place, bob) == "moved"
    place.leave("bob")
    assert walk_in(place, ann) == "moved"


@pytest.mark.parametrize("role", ["owner", "admin"])
def test_who_runs_the_place_comes_in_always(role: Role) -> None:
    for place in (space(locked=True), space(capacity=1)):
        at(place, "bob", (100.0, 100.0), "owner")
        assert walk_in(place, at(place, "ann", DOOR, role)) == "moved"


def test_who_is_inside_moves_on_when_the_door_is_locked_behind_them() -> None:
    place = space()
    ann = at(place, "ann", (100.0, 100.0))
    edited(place, locked=True, capacity=1)
    assert place.move(ann, 120, 120, "up", 1, 1.0) == "moved"
    assert ann.room == ROOM_1


def test_from_room_to_room_the_second_ones_lock_counts() -> None:
    place = space(locked=True)
    ann = at(place, "ann", (420.0, 200.0))
    assert ann.room == ROOM_2
    assert place.move(ann, 380, 200, "left", 1, 1.0) == "room_locked"
    assert ann.room == ROOM_2


def test_the_last_place_is_no_way_around_a_lock_or_a_capacity() -> None:
    for place in (space(locked=True), space(capacity=1)):
        at(place, "bob", (100.0, 100.0), "owner")
        ann = place.join(seat("ann"), 0.0, (200.0, 200.0))
        assert ann.room is None
        assert ann.zone_id == HALL


def test_a_spawn_point_in_a_closed_room_is_left_out() -> None:
    place = space(locked=True)
    place.spawns = (Spawn("inside", 200.0, 200.0), *place.spawns)
    assert place.join(seat("ann"), 0.0).room is None


def test_a_seat_in_a_closed_room_is_refused_with_the_reason() -> None:
    for place, code in ((space(locked=True), "room_locked"), (space(capacity=1), "room_full")):
        at(place, "bob", (100.0, 100.0), "owner")
        presences: tuple[Presence, ...] = ("guest", "walker")
        for presence in presences:
            with pytest.raises(RoomClosed) as refused:
                place.join(seat("ann", "guest", ROOM_1, presence), 0.0)
            assert refused.value.refusal.code == code
        assert list(place.players) == ["bob"]


def test_who_lost_the_connection_inside_returns_through_a_lock_but_not_into_a_taken_place() -> None:
    place = space(locked=True)
    assert place.join(seat("ann"), 0.0, (200.0, 200.0), returning=True).room == ROOM_1
    place = space(locked=True, capacity=1)
    at(place, "bob", (100.0, 100.0), "owner")
    assert place.join(seat("ann"), 0.0, (200.0, 200.0), returning=True).room is None


def test_devices_take_nobodys_place() -> None:
    place = space(capacity=1)
    place.join(seat("device-1", "member", ROOM_1, "device"), 0.0)
    assert list(place.people_in(ROOM_1)) == []
    assert walk_in(place, at(place, "ann", DOOR)) == "moved"
    assert list(place.people_in(ROOM_1)) == ["ann"]


def test_a_public_zone_has_no_door() -> None:
    record = tiny_record()
    zones = [replace(z, locked=True, capacity=1) for z in record.zones]
    place = Space(record.id, TinyGround(), zones, record.spawns)
    for number in range(3):
        assert place.join(seat(f"ann{number}"), 0.0).zone_id == HALL


def test_the_lock_is_told_before_the_crowd() -> None:
    room = replace(tiny_record().zones[0], locked=True, capacity=1)
    refusal = room_refusal(room, "ann", "member", {"bob"})
    assert refusal is not None
    assert refusal.code == "room_locked"
    assert room_refusal(room, "bob", "member", {"bob"}) is None


def test_who_was_let_in_from_inside_passes_the_lock_for_a_minute_and_no_other_door() -> None:
    place = space(locked=True)
    ann, eve = at(place, "ann", INSIDE, "owner"), at(place, "eve", DOOR)
    bob = at(place, "bob", (260.0, 430.0))
    assert not doors.let_in(ann, eve, 0.0), "she has not knocked"
    doors.knock(eve, ROOM_2, -doors.AGAIN_SECONDS)
    assert not doors.let_in(ann, eve, 0.0), "she has knocked at another door"
    doors.knock(eve, ROOM_1, 0.0)
    assert not doors.let_in(bob, eve, 0.0), "who stands outside opens nothing"
    assert not doors.let_in(ann, eve, doors.KNOCK_SECONDS), "that was long ago"
    assert doors.let_in(ann, eve, 0.0)
    assert not doors.let_in(ann, eve, 0.0), "one knock opens once"
    assert walk_in(place, bob) == "room_locked", "the door is open to her alone"
    assert doors.is_let_in(eve, ROOM_1, doors.LET_IN_SECONDS - 1)
    assert not doors.is_let_in(eve, ROOM_1, doors.LET_IN_SECONDS)
    assert walk_in(place, eve) == "moved"
    assert eve.room == ROOM_1


def test_nobody_knocks_all_the_time() -> None:
    place = space(locked=True)
    ann, eve = at(place, "ann", INSIDE, "owner"), at(place, "eve", DOOR)
    assert doors.knock(eve, ROOM_1, 5.0)
    assert not doors.knock(eve, ROOM_1, 5.0 + doors.AGAIN_SECONDS - 0.1)
    assert not doors.knock(eve, ROOM_2, 6.0), "nor at one door after the other"
    assert doors.let_in(ann, eve, 6.0), "the first knock stands"
    assert doors.knock(eve, ROOM_1, 6.0), "it was answered: whoever is in and out again may ask again"
    assert doors.knock(eve, ROOM_1, 6.0 + doors.AGAIN_SECONDS)


def test_being_let_in_is_no_way_into_a_full_room() -> None:
    place = space(locked=True, capacity=1)
    ann, eve = at(place, "ann", INSIDE, "owner"), at(place, "eve", DOOR)
    doors.knock(eve, ROOM_1, 0.0)
    assert doors.let_in(ann, eve, 0.0)
    assert walk_in(place, eve) == "room_full"
