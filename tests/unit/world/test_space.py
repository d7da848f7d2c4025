"""Who may stand where."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signaling.messages import Presence
from tests.support.tiny_world import HALL, ROOM_1, ROOM_2, TinyGround, tiny_record, zone
from world.records import Seat
from world.space.places import SPACING
from world.space.player import Player
from world.space.space import ALLOWANCE_SECONDS, MAX_STEP, RUN_SPEED, SPEED_SLACK, Space


def space(ground: TinyGround | None = None) -> Space:
    record = tiny_record()
    return Space(record.id, ground or TinyGround(), record.zones, record.spawns)


def seat(user: str, presence: Presence = "walker", zone_id: str | None = None) -> Seat:
    return Seat(user, user.title(), "avatar-1", presence, "member", zone_id)


def at(place: Space, user: str, x: float, y: float) -> Player:
    player = place.join(seat(user), 0.0, (x, y))
    assert (player.x, player.y) == (x, y)
    return player


# --- moving ----------------------------------------------------------------------------------------


def test_a_walk_at_walking_and_running_speed_is_legal() -> None:
    for speed in (220.0, RUN_SPEED):
        place = space()
        player = at(place, "ann", 100, 900)
        for i in range(1, 21):
            verdict = place.move(player, 100 + speed * i / 10, 900, "right", i, i / 10)
            assert verdict == "moved", (speed, i)


def test_a_teleport_is_refused_however_long_one_stood_still() -> None:
    place = space()
    player = at(place, "ann", 100, 900)
    assert place.move(player, 100 + MAX_STEP + 1, 900, "right", 1, 3600.0) == "too_fast"
    assert (player.x, player.y) == (100, 900)


def test_a_stalled_network_that_delivers_two_seconds_at_once_is_no_cheat() -> None:
    place = space()
    player = at(place, "ann", 100, 900)
    for i in range(1, 21):
        assert place.move(player, 100 + 22 * i, 900, "right", i, 2.0) == "moved"


def test_a_burst_of_moves_gains_no_more_than_what_was_saved_up() -> None:
    place = space()
    player = at(place, "ann", 50, 900)
    steps = 0
    while place.move(player, player.x + 100 * (-1) ** steps, 900, "right", steps, 0.0) == "moved":
        steps += 1
    assert steps * 100 <= RUN_SPEED * ALLOWANCE_SECONDS


@given(st.lists(st.tuples(st.floats(0, 0.3), st.floats(0, 7), st.floats(0, 200)), max_size=60))
@settings(max_examples=60)
def test_nobody_is_ever_faster_than_running(steps: list[tuple[float, float, float]]) -> None:
    place = space(TinyGround(walls=()))
    player = at(place, "ann", 800, 800)
    now = walked = 0.0
    for i, (wait, angle, length) in enumerate(steps):
        now += wait
        x, y = player.x, player.y
        place.move(player, x + math.cos(angle) * length, y + math.sin(angle) * length, "up", i, now)
        walked += math.hypot(player.x - x, player.y - y)
    assert walked <= RUN_SPEED * (ALLOWANCE_SECONDS + now * SPEED_SLACK) + 1e-6


def test_nobody_walks_through_a_wall_nor_off_the_map() -> None:
    place = space()
    player = at(place, "ann", 980, 1000)
    assert place.move(player, 1050, 1000, "right", 1, 1.0) == "blocked"
    assert place.move(player, 1010, 1000, "right", 2, 1.0) == "blocked"
    edge = at(place, "bob", 1550, 700)
    assert place.move(edge, 1650, 700, "right", 1, 1.0) == "outside"
    assert place.move(edge, 1600, 700, "right", 1, 1.0) == "outside"
    assert (player.x, edge.x) == (980, 1550)


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf, 1e18])
def test_a_number_that_is_no_place_moves_nobody(bad: float) -> None:
    place = space()
    player = at(place, "ann", 100, 900)
    assert place.move(player, bad, 900, "up", 1, 1.0) == "outside"
    assert place.move(player, 100, bad, "up", 2, 1.0) == "outside"
    assert (player.x, player.y, player.zone_id) == (100, 900, HALL)


def test_guests_and_devices_stand_still() -> None:
    place = space()
    presences: tuple[Presence, ...] = ("guest", "device")
    for presence in presences:
        player = place.join(seat(presence, presence, ROOM_1), 0.0)
        assert place.move(player, player.x + 1, player.y, "up", 1, 1.0) == "not_walking"


def test_the_zone_follows_from_the_position_and_is_told_once() -> None:
    place = space()
    player = at(place, "ann", 350, 450)
    place.drain()
    assert [player.zone_id, player.room] == [HALL, None]
    place.move(player, 350, 390, "up", 1, 1.0)
    assert [player.zone_id, player.room] == [ROOM_1, ROOM_1]
    assert place.drain().rezoned == [player]
    place.move(player, 350, 380, "up", 2, 2.0)
    assert place.drain().rezoned == []


def test_turning_round_and_standing_still_are_told_apart() -> None:
    place = space()
    player = at(place, "ann", 350, 450)
    place.drain()
    player.moved = False
    place.move(player, 350, 450, "down", 1, 1.0)
    assert not place.dirty
    place.move(player, 350, 450, "left", 2, 1.0)
    assert place.drain().touched == [player]


# --- arriving --------------------------------------------------------------------------------------


def test_people_who_arrive_do_not_stand_on_each_other() -> None:
    place = space()
    players = [place.join(seat(f"u{i}"), 0.0) for i in range(40)]
    gaps = [math.hypot(a.x - b.x, a.y - b.y) for i, a in enumerate(players) for b in players[i + 1 :]]
    assert min(gaps) >= SPACING * 0.8
    assert all(p.zone_id == HALL for p in players)


def test_a_crowd_larger_than_the_free_places_still_gets_in() -> None:
    place = space(TinyGround(width=100, height=800, walls=((0, 0, 100, 690), (0, 710, 100, 800))))
    record = replace(tiny_record().spawns[0], x=50.0, y=700.0)
    place.spawns = (record,)
    players = [place.join(seat(f"u{i}"), 0.0) for i in range(30)]
    assert all(place.ground.collision.free(p.x, p.y) for p in players)


@pytest.mark.parametrize("last", [(1010.0, 1000.0), (-5.0, 5.0), (math.nan, 5.0), (9999.0, 5.0)])
def test_an_illegal_last_position_leads_to_the_spawn_point(last: tuple[float, float]) -> None:
    place = space()
    player = place.join(seat("ann"), 0.0, last)
    assert (player.x, player.y) == (600, 700)


def test_a_last_position_that_somebody_took_leads_to_a_place_beside_in_the_same_room() -> None:
    place = space()
    at(place, "ann", 395, 200)
    player = place.join(seat("bob"), 0.0, (395, 200))
    assert (player.x, player.y) != (395, 200)
    assert math.hypot(player.x - 395, player.y - 200) <= 2 * SPACING
    assert player.zone_id == ROOM_1


def test_guests_are_put_into_their_room_and_an_unknown_room_is_refused() -> None:
    place = space()
    guests = [place.join(seat(f"g{i}", "guest", ROOM_2), 0.0) for i in range(20)]
    assert {g.zone_id for g in guests} == {ROOM_2}
    assert len({(g.x, g.y) for g in guests}) == 20
    with pytest.raises(LookupError, match="room"):
        place.join(seat("x", "guest", "gone"), 0.0)


def test_a_device_stands_where_its_ticket_says_if_that_is_in_the_zone() -> None:
    place = space()
    inside = replace(seat("d1", "device", ROOM_1), x=50.0, y=60.0)
    outside = replace(seat("d2", "device", ROOM_1), x=900.0, y=60.0)
    assert (place.join(inside, 0.0).x, place.join(outside, 0.0).zone_id) == (50, ROOM_1)


def test_nobody_is_here_twice() -> None:
    place = space()
    place.join(seat("ann"), 0.0)
    with pytest.raises(ValueError, match="already"):
        place.join(seat("ann"), 0.0)


def test_a_map_without_spawn_points_takes_firm_ground_near_its_middle() -> None:
    ground = TinyGround(walls=((700, 700, 900, 900),))
    place = Space("s", ground, (), ())
    player = place.join(seat("ann"), 0.0)
    assert ground.collision.free(player.x, player.y)
    assert math.hypot(player.x - 800, player.y - 800) < 200


def test_in_a_silent_zone_one_is_silent_until_one_leaves_it_or_it_is_edited() -> None:
    place = space()
    player = at(place, "ann", 1200, 700)
    assert not player.silent
    library = zone("library", "SILENT", 1100, 600, 200, 200)
    place.drain()
    place.set_zones([library])
    assert (player.silent, player.zone_id, player.room) == (True, "library", None)
    assert place.drain().rezoned == [player]
    place.set_zones([replace(library, type="PUBLIC")])
    assert (player.silent, player.zone_id) == (False, "library")
    assert place.drain().rezoned == [player], "who hears whom is another now, though the zone is the same"
    place.set_zones([library])
    assert place.move(player, 1320, 700, "right", 0, 5.0) == "moved"
    assert not player.silent


def test_edited_zones_put_everybody_where_they_are_now() -> None:
    place = space()
    inside, outside = at(place, "ann", 200, 200), at(place, "bob", 1200, 700)
    place.drain()
    place.set_zones([zone("new", "PRIVATE", 1100, 600, 200, 200)])
    assert (inside.zone_id, inside.room) == (None, None)
    assert (outside.zone_id, outside.room) == ("new", "new")
    assert set(place.drain().rezoned) == {inside, outside}
