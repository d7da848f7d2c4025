"""Which zone a point is in."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from signaling.messages import Bounds
from world.records import ZoneRecord
from world.space.zones import ZoneMap, contains, precedence, room_of

SIZE = 2000.0
coordinate = st.floats(0, SIZE, exclude_max=True)
side = st.floats(1, 1500)


def zone(zone_id: str, x: float, y: float, width: float, height: float, private: bool = False) -> ZoneRecord:
    bounds = Bounds(x, y, width, height)
    return ZoneRecord(zone_id, "s", zone_id, "PRIVATE" if private else "PUBLIC", bounds, "m")


@st.composite
def zone_lists(draw: st.DrawFn) -> list[ZoneRecord]:
    count = draw(st.integers(0, 8))
    return [
        zone(f"z{i}", draw(st.floats(-300, SIZE)), draw(st.floats(-300, SIZE)), draw(side), draw(side))
        for i in range(count)
    ]


@given(zone_lists(), coordinate, coordinate)
def test_everybody_is_in_exactly_the_zone_that_contains_them(
    zones: list[ZoneRecord], x: float, y: float
) -> None:
    containing = [z for z in zones if contains(z.bounds, x, y)]
    expected = min(containing, key=precedence, default=None)
    assert ZoneMap(zones, SIZE, SIZE).at(x, y) is expected


def test_the_smaller_of_two_overlapping_zones_wins_and_of_equals_the_smaller_id() -> None:
    hall, room = zone("a-hall", 0, 0, 1000, 1000), zone("z-room", 100, 100, 200, 200, private=True)
    twin = zone("y-room", 200, 200, 200, 200)
    zones = ZoneMap([hall, room, twin], SIZE, SIZE)
    assert zones.at(150, 150) is room
    assert zones.at(250, 250) is twin
    assert zones.at(500, 500) is hall


def test_of_two_zones_that_share_an_edge_the_right_one_has_it() -> None:
    left, right = zone("left", 0, 0, 100, 100), zone("right", 100, 0, 100, 100)
    zones = ZoneMap([left, right], SIZE, SIZE)
    assert zones.at(99.999, 50) is left
    assert zones.at(100, 50) is right
    assert zones.at(199.999, 99.999) is right
    assert zones.at(200, 50) is None
    assert zones.at(150, 100) is None


def test_all_public_zones_and_the_strip_outside_are_one_space() -> None:
    assert room_of(None) is None
    assert room_of(zone("hall", 0, 0, 9, 9)) is None
    assert room_of(zone("room", 0, 0, 9, 9, private=True)) == "room"


def test_only_members_are_told_meeting_ids() -> None:
    zones = ZoneMap([zone("hall", 0, 0, 9, 9)], SIZE, SIZE)
    assert [info.meeting_id for info in zones.infos(with_meetings=True)] == ["m"]
    assert [info.meeting_id for info in zones.infos(with_meetings=False)] == [None]


def test_everybody_is_told_which_rooms_are_locked_and_how_many_they_take() -> None:
    room = replace(zone("room", 0, 0, 100, 100, private=True), locked=True, capacity=4)
    (info,) = ZoneMap([room], SIZE, SIZE).infos(with_meetings=False)
    assert (info.locked, info.capacity) == (True, 4)
