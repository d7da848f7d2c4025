"""Feet stay on the map and off blocking tiles; a step that is allowed touches none on its way."""

from __future__ import annotations

import time
from math import hypot, inf, nan

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from maps.collision import FOOT_HALF_HEIGHT, FOOT_HALF_WIDTH, Collision

TILE = 32
# Examples differ in size: how long one takes says nothing.
untimed = settings(deadline=None)


def grid(*rows: str, tile: int = TILE) -> Collision:
    """A map drawn with # for what blocks."""
    return Collision(len(rows[0]), len(rows), tile, bytes(cell == "#" for row in rows for cell in row))


ROOM = grid(
    "##########",
    "#....#...#",
    "#....#...#",
    "#.......##",
    "#....#..##",
    "##########",
)


@st.composite
def maps(draw: st.DrawFn) -> Collision:
    columns, rows = draw(st.integers(2, 9)), draw(st.integers(2, 9))
    cells = draw(st.lists(st.sampled_from([0, 0, 0, 1]), min_size=columns * rows, max_size=columns * rows))
    return Collision(columns, rows, draw(st.sampled_from([8, 16, 32, 40])), bytes(cells))


@st.composite
def steps(draw: st.DrawFn) -> tuple[Collision, float, float, float, float]:
    c = draw(maps())
    x, y = st.floats(-20, c.width + 20), st.floats(-20, c.height + 20)
    return c, draw(x), draw(y), draw(x), draw(y)


@st.composite
def walks(draw: st.DrawFn) -> tuple[Collision, float, float, float, float]:
    """Short steps from a free place on a map with few walls: most are clear."""
    columns, rows = draw(st.integers(4, 9)), draw(st.integers(4, 9))
    walls = draw(st.sets(st.integers(0, columns * rows - 1), max_size=6))
    c = Collision(
        columns, rows, draw(st.sampled_from([16, 32])), bytes(k in walls for k in range(columns * rows))
    )
    x, y = c.nearest_free(draw(st.floats(0, c.width)), draw(st.floats(0, c.height)))
    return c, x, y, x + draw(st.floats(-40, 40)), y + draw(st.floats(-40, 40))


def overlaps(c: Collision, x: float, y: float, slack: float) -> bool:
    """By the book: does the foot box reach more than `slack` px into a blocking tile or off the map?"""
    left, right = x - FOOT_HALF_WIDTH + slack, x + FOOT_HALF_WIDTH - slack
    top, bottom = y - FOOT_HALF_HEIGHT + slack, y + FOOT_HALF_HEIGHT - slack
    if left < 0 or top < 0 or right > c.width or bottom > c.height:
        return True
    return any(
        c.blocks(column, row)
        for column in range(c.columns)
        for row in range(c.rows)
        if column * c.tile < right
        and (column + 1) * c.tile > left
        and row * c.tile < bottom
        and (row + 1) * c.tile > top
    )


class TestStanding:
    def test_feet_may_touch_a_wall_but_not_enter_it(self) -> None:
        assert ROOM.free(32 + 8, 32 + 5)
        assert not ROOM.free(32 + 7.9, 32 + 5)
        assert not ROOM.free(32 + 8, 32 + 4.9)
        assert ROOM.free(5 * 32 - 8, 60)
        assert not ROOM.free(5 * 32 - 7.9, 60)

    def test_the_edge_of_the_map_holds(self) -> None:
        open_ground = grid("...", "...")
        assert open_ground.free(8, 5)
        assert open_ground.free(96 - 8, 64 - 5)
        for x, y in ((7.9, 30), (30, 4.9), (88.1, 30), (30, 59.1), (-50, 30), (30, 1e9)):
            assert not open_ground.free(x, y)

    @pytest.mark.parametrize("bad", [nan, inf, -inf, 1e308, -1e308])
    def test_no_number_is_a_place_outside(self, bad: float) -> None:
        assert not ROOM.free(bad, 50)
        assert not ROOM.free(50, bad)
        assert not ROOM.clear_path(50, 50, bad, 50)
        assert not ROOM.clear_path(50, bad, 50, 50)

    @untimed
    @given(steps())
    def test_free_is_what_the_book_says(self, step: tuple[Collision, float, float, float, float]) -> None:
        c, x, y, _, _ = step
        if c.free(x, y):
            assert not overlaps(c, x, y, 1e-5)
        else:
            assert overlaps(c, x, y, -1e-5)

    def test_cells_must_fit_the_size(self) -> None:
        with pytest.raises(ValueError, match="5 cells for a map of 2 x 3"):
            Collision(2, 3, 32, bytes(5))


class TestWalking:
    def test_a_straight_way_through_a_gap_is_clear(self) -> None:
        assert ROOM.clear_path(50, 110, 230, 110)

    def test_a_way_that_ends_beyond_a_wall_is_not(self) -> None:
        assert ROOM.free(140, 50)
        assert ROOM.free(220, 50)
        assert not ROOM.clear_path(140, 50, 220, 50)

    def test_sliding_along_a_wall_is_allowed(self) -> None:
        assert ROOM.clear_path(40, 37, 40, 150)
        assert ROOM.clear_path(40, 37, 152, 37)

    def test_a_gap_between_tiles_that_touch_at_a_corner_is_closed(self) -> None:
        corner = grid("....", ".#..", "..#.", "....")
        assert not corner.clear_path(16, 112, 112, 16)
        assert not corner.clear_path(48, 80, 80, 48)

    def test_a_corner_is_not_cut(self) -> None:
        corner = grid("...", ".#.", "...")
        assert not corner.clear_path(16, 48, 48, 16)
        assert corner.clear_path(16, 48, 16, 16)

    @untimed
    @given(steps())
    def test_a_clear_path_starts_and_ends_free(
        self, step: tuple[Collision, float, float, float, float]
    ) -> None:
        c, x0, y0, x1, y1 = step
        if c.clear_path(x0, y0, x1, y1):
            assert c.free(x0, y0)
            assert c.free(x1, y1)

    @untimed
    @given(walks(), st.floats(0, 1))
    def test_every_place_of_a_clear_path_is_free(
        self, step: tuple[Collision, float, float, float, float], part: float
    ) -> None:
        c, x0, y0, x1, y1 = step
        assume(c.clear_path(x0, y0, x1, y1))
        assert not overlaps(c, x0 + (x1 - x0) * part, y0 + (y1 - y0) * part, 1e-5)

    @untimed
    @given(steps())
    def test_a_path_is_refused_only_when_something_is_in_its_way(
        self, step: tuple[Collision, float, float, float, float]
    ) -> None:
        c, x0, y0, x1, y1 = step
        assume(not c.clear_path(x0, y0, x1, y1))
        # Sampled finer than any corner that a grown box could cut by more than the slack.
        samples = 2000
        assert any(
            overlaps(c, x0 + (x1 - x0) * k / samples, y0 + (y1 - y0) * k / samples, -0.2)
            for k in range(samples + 1)
        )

    @untimed
    @given(steps())
    def test_the_way_back_is_as_clear_as_the_way_there(
        self, step: tuple[Collision, float, float, float, float]
    ) -> None:
        c, x0, y0, x1, y1 = step
        # Equal but for paths that graze a tile within the rounding of a float.
        if c.clear_path(x0, y0, x1, y1) != c.clear_path(x1, y1, x0, y0):
            middle = [(x0 + (x1 - x0) * k / 500, y0 + (y1 - y0) * k / 500) for k in range(501)]
            assert all(not overlaps(c, x, y, 1e-3) for x, y in middle)

    @untimed
    @given(
        st.integers(1, 8),
        st.booleans(),
        st.booleans(),
        st.floats(0, 1),
        st.floats(0, 1),
        st.floats(8, 312),
        st.floats(8, 312),
    )
    @example(4, True, False, 1.0, 0.0, 8, 312)
    def test_no_angle_leads_through_a_wall_of_one_tile(
        self, at: int, upright: bool, back: bool, before: float, beyond: float, a: float, b: float
    ) -> None:
        """From anywhere free on one side to anywhere free on the other, however close and steep."""
        reach = FOOT_HALF_WIDTH if upright else FOOT_HALF_HEIGHT
        near = reach + before * (at * TILE - 2 * reach)
        far = (at + 1) * TILE + reach + beyond * ((9 - at) * TILE - 2 * reach)
        if upright:
            walled = Collision(10, 10, TILE, bytes(cell % 10 == at for cell in range(100)))
            path = (near, a, far, b)
        else:
            walled = Collision(10, 10, TILE, bytes(cell // 10 == at for cell in range(100)))
            path = (a, near, b, far)
        x0, y0, x1, y1 = path
        assert walled.free(x0, y0)
        assert walled.free(x1, y1)
        assert not (walled.clear_path(x1, y1, x0, y0) if back else walled.clear_path(x0, y0, x1, y1))

    def test_a_short_step_costs_microseconds_on_a_large_map(self) -> None:
        cells = bytearray(500 * 500)
        cells[::7] = b"\1" * len(cells[::7])
        large = Collision(500, 500, TILE, cells)
        best = inf
        for _ in range(5):
            started = time.perf_counter()
            for k in range(1000):
                large.clear_path(8000 + k, 8000, 8003 + k, 8002)
            best = min(best, (time.perf_counter() - started) / 1000)
        assert best < 50e-6


class TestFindingPlaces:
    def test_a_free_place_is_its_own_nearest(self) -> None:
        assert ROOM.nearest_free(50.5, 50.25) == (50.5, 50.25)

    def test_a_place_in_a_wall_moves_to_its_nearer_side(self) -> None:
        assert ROOM.nearest_free(5 * 32 + 2, 50) == (5 * 32 - 8, 50)
        assert ROOM.nearest_free(5 * 32 + 30, 50) == (6 * 32 + 8, 50)

    @untimed
    @given(maps(), st.floats(-500, 900), st.floats(-500, 900))
    def test_the_nearest_free_place_is_free_and_nothing_much_nearer_is(
        self, c: Collision, x: float, y: float
    ) -> None:
        try:
            found = c.nearest_free(x, y)
        except LookupError:
            centres = [(k % c.columns, k // c.columns) for k in range(c.columns * c.rows)]
            assert not any(c.free((a + 0.5) * c.tile, (b + 0.5) * c.tile) for a, b in centres)
            return
        assert c.free(*found)
        if c.tile >= 16:
            best = min(
                (
                    hypot(px - x, py - y)
                    for px in range(8, c.width - 7, 4)
                    for py in range(5, c.height - 4, 4)
                    if c.free(px, py)
                ),
                default=inf,
            )
            assert hypot(found[0] - x, found[1] - y) <= best + 1e-6

    def test_a_wholly_blocked_map_has_no_place(self) -> None:
        with pytest.raises(LookupError):
            grid("##", "##").nearest_free(10, 10)

    @pytest.mark.parametrize("bad", [nan, inf, -inf])
    def test_a_place_must_be_a_number(self, bad: float) -> None:
        with pytest.raises(ValueError, match="finite"):
            ROOM.nearest_free(bad, 0)

    def test_places_are_apart_inside_free_and_nearest_the_centre_first(self) -> None:
        places = ROOM.free_places(32, 32, 128, 128, 9)
        assert len(set(places)) == 9
        distances = [hypot(x - 96, y - 96) for x, y in places]
        assert distances == sorted(distances)
        assert places[0] == (96, 96)
        for k, (x, y) in enumerate(places):
            assert ROOM.free(x, y)
            assert 32 <= x < 160
            assert 32 <= y < 160
            assert all(hypot(x - a, y - b) >= 32 for a, b in places[:k])

    def test_places_move_closer_when_there_are_many(self) -> None:
        places = ROOM.free_places(32, 32, 128, 128, 40)
        assert len(set(places)) == 40

    def test_no_more_places_than_there_are(self) -> None:
        assert ROOM.free_places(0, 0, 32, 32, 4) == []
        assert ROOM.free_places(-500, -500, 10, 10, 4) == []
        assert ROOM.free_places(nan, 0, 10, 10, 4) == []
        assert ROOM.free_places(33, 33, 12, 12, 0) == []

    @untimed
    @given(
        maps(),
        st.floats(-50, 300),
        st.floats(-50, 300),
        st.floats(0, 1e6),
        st.floats(0, 1e6),
        st.integers(0, 30),
    )
    def test_places_are_always_distinct_free_and_inside(
        self, c: Collision, x: float, y: float, width: float, height: float, count: int
    ) -> None:
        places = c.free_places(x, y, width, height, count)
        assert len(places) == len(set(places)) <= count
        for px, py in places:
            assert c.free(px, py)
            assert x <= px < x + width
            assert y <= py < y + height
