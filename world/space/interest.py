"""Who is told of whom: what a tick says to each distinct view. Pure.

The map is cut into coarse cells. Somebody sees their own cell and the eight around it, so at least
`VIEW_RADIUS` px in every direction and at most twice that: the server bounds it, clients have no say.
Members of a private room also see each other wherever they stand in it. A cell is left only `MARGIN` px
beyond its edge, so nobody flickers at a border.

People in the same cell and room have the same view: what a tick has to tell them is worked out (and
encoded) once; so is what those are told who cross from one view to another together. Everybody may find
themselves in what they are told: a client knows its own id.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Protocol, TypeVar

from world.space.player import Cell, Player, View

K = TypeVar("K")
V = TypeVar("V")

VIEW_RADIUS = 900.0
MARGIN = 40.0
# Two people may each have strayed MARGIN out of their cells, away from each other.
CELL = VIEW_RADIUS + 2 * MARGIN


class Delta:
    """One tick's changes in a view. `groups` are more of `moved`: lists that many deltas share."""

    __slots__ = ("groups", "joined", "left", "moved")

    def __init__(
        self,
        groups: list[list[Player]] | None = None,
        *,
        joined: Iterable[Player] = (),
        moved: Iterable[Player] = (),
        left: Iterable[Player] = (),
    ) -> None:
        self.joined = [*joined]
        self.moved = [*moved]
        self.left = [*left]
        self.groups = groups if groups is not None else []

    def __bool__(self) -> bool:
        return bool(self.joined or self.moved or self.left or self.groups)

    def all_moved(self) -> list[Player]:
        """Everybody who moved."""
        return [*self.moved, *(player for group in self.groups for player in group)]


@dataclass(slots=True)
class Deltas:
    """One tick's changes: `shared` by view, `own` for those who changed their view.

    Where others put together who moved within the cells of a view (`Watch`), they find them in `by_cell`, and
    `shared` has only the views in which more has happened, or more is seen, without those in `by_cell`.
    """

    shared: dict[View, Delta] = field(default_factory=dict)
    own: dict[Player, Delta] = field(default_factory=dict)
    by_cell: dict[Cell, list[Player]] = field(default_factory=dict)


class Watch(Protocol):
    """Who has to know of everybody, and from which cells of public space is looked."""

    def add(self, player: Player) -> None:
        """Somebody new."""

    def watch(self, player: Player, cell: Cell) -> None:
        """The player looks from this cell, and is in no private room."""

    def unwatch(self, player: Player) -> None:
        """The player does not any more."""


@lru_cache(maxsize=16_384)
def block(cell: Cell) -> tuple[Cell, ...]:
    """A cell and the eight around it."""
    cx, cy = cell
    return tuple((cx + dx, cy + dy) for dx in (-1, 0, 1) for dy in (-1, 0, 1))


def sees(viewer: View, other: View | None) -> bool:
    """Whether people with this view see people there."""
    if other is None:
        return False
    if viewer.room is not None and viewer.room == other.room:
        return True
    a, b = viewer.cell, other.cell
    return -1 <= a[0] - b[0] <= 1 and -1 <= a[1] - b[1] <= 1


def cell_of(player: Player) -> Cell:
    """The player's cell now: the one it had until it is MARGIN px outside of it."""
    if player.view is not None:
        left, top, right, bottom = player.kept_in
        if left <= player.x < right and top <= player.y < bottom:
            return player.view.cell
    return int(player.x // CELL), int(player.y // CELL)


def kept_in(cell: Cell) -> tuple[float, float, float, float]:
    """Within what somebody keeps this cell: left, top, right, bottom (px)."""
    cx, cy = cell
    return (
        cx * CELL - MARGIN,
        cy * CELL - MARGIN,
        (cx + 1) * CELL + MARGIN,
        (cy + 1) * CELL + MARGIN,
    )


class Interest:
    """Everybody of one space by view, and who looks."""

    def __init__(self, watch: Watch | None = None) -> None:
        self._watch = watch
        self._cells: dict[Cell, dict[Player, None]] = {}
        self._rooms: dict[str, dict[Player, None]] = {}
        # Those who are told (they have a client), by view; and the views by their two halves.
        self.viewers: dict[View, dict[Player, None]] = {}
        self._views_at: dict[Cell, dict[View, None]] = {}
        self._views_in: dict[str, dict[View, None]] = {}
        self._looking: set[Player] = set()

    # --- filing ------------------------------------------------------------------------------------

    def place(self, player: Player) -> None:
        """File the player where it is now (added when it is new)."""
        cell = cell_of(player)
        old = player.view
        if old is not None and old.cell == cell and old.room == player.room:
            return
        looking = player in self._looking
        if old is not None:
            if looking:
                self._unlook(player, old)
            self._unfile(player, old)
        elif self._watch is not None:
            self._watch.add(player)
        view = player.view = View(cell, player.room)
        player.kept_in = kept_in(cell)
        self._cells.setdefault(cell, {})[player] = None
        if view.room is not None:
            self._rooms.setdefault(view.room, {})[player] = None
        if looking:
            self._look(player, view)

    def remove(self, player: Player) -> None:
        """Take the player out; `view_before` stays, so that the next deltas tell who saw it."""
        if player.view is not None:
            self.look_away(player)
            self._unfile(player, player.view)
            player.view = None

    def look(self, player: Player) -> None:
        """The player has a client that must be told. It must have been placed."""
        assert player.view is not None
        if player not in self._looking:
            self._looking.add(player)
            self._look(player, player.view)

    def look_away(self, player: Player) -> None:
        """The player's client is gone."""
        if player in self._looking and player.view is not None:
            self._looking.discard(player)
            self._unlook(player, player.view)

    def _look(self, player: Player, view: View) -> None:
        viewers = self.viewers.get(view)
        if viewers is None:
            self.viewers[view] = {player: None}
            self._views_at.setdefault(view.cell, {})[view] = None
            if view.room is not None:
                self._views_in.setdefault(view.room, {})[view] = None
        else:
            viewers[player] = None
        if self._watch is not None and view.room is None:
            self._watch.watch(player, view.cell)

    def _unlook(self, player: Player, view: View) -> None:
        if self._watch is not None:
            self._watch.unwatch(player)
        viewers = self.viewers[view]
        del viewers[player]
        if viewers:
            return
        del self.viewers[view]
        _drop(self._views_at, view.cell, view)
        if view.room is not None:
            _drop(self._views_in, view.room, view)

    def _unfile(self, player: Player, view: View) -> None:
        _drop(self._cells, view.cell, player)
        if view.room is not None:
            _drop(self._rooms, view.room, player)

    # --- looking -----------------------------------------------------------------------------------

    def visible(self, view: View) -> Iterator[Player]:
        """Everybody whom this view sees."""
        cells = block(view.cell)
        for cell in cells:
            yield from self._cells.get(cell, ())
        if view.room is not None:
            for player in self._rooms.get(view.room, ()):
                if player.view is not None and player.view.cell not in cells:
                    yield player

    def views_seeing(self, target: View) -> Iterator[View]:
        """Every view of a client that sees people there."""
        for cell in block(target.cell):
            yield from self._views_at.get(cell, ())
        if target.room is not None:
            cells = block(target.cell)
            for view in self._views_in.get(target.room, ()):
                if view.cell not in cells:
                    yield view

    # --- ticking -----------------------------------------------------------------------------------

    def deltas(self, touched: Iterable[Player], gone: Iterable[Player]) -> Deltas:
        """File everybody who moved, and say what each view must be told. Starts the next tick."""
        result = Deltas()
        by_cell = result.by_cell
        by_room: dict[str, list[Player]] = {}
        passing: list[Player] = []  # those whose view changed: they came, left or crossed
        # Newcomers of this tick: where their welcome found them, and where other welcomes showed them.
        welcomed: dict[Player, View] = {}
        for player in gone:
            told = player.view
            self.remove(player)
            if player.view_before is None and told is not None:
                welcomed[player] = told
            passing.append(player)
        for player in touched:
            told = view = player.view
            left, top, right, bottom = player.kept_in
            if (
                view is None
                or view.room != player.room
                or not (left <= player.x < right and top <= player.y < bottom)
            ):
                self.place(player)
                view = player.view
                assert view is not None
            if view is not player.view_before and view != player.view_before:
                passing.append(player)
                if player.view_before is None and told is not None:
                    welcomed[player] = told
            elif player.moved:
                by_cell.setdefault(view.cell, []).append(player)
                if view.room is not None:
                    by_room.setdefault(view.room, []).append(player)
        self._shared(result.shared, by_cell, by_room)
        self._passing(result.shared, passing, welcomed)
        crossings: dict[tuple[View, View], Delta] = {}
        passed = set(passing)
        for player in passing:
            if player in self._looking:
                before = player.view_before or welcomed.get(player)
                now = player.view
                if before is None or now is None or before == now:
                    continue
                # A crowd that goes through one door is told one thing.
                crossing = crossings.get((before, now))
                if crossing is None:
                    crossing = crossings[before, now] = self._crossing(before, now, passed, by_cell)
                    for other in passing:
                        _sort_in(crossing, other, before, now, welcomed)
                result.own[player] = crossing
        for player in passing:
            player.view_before = player.view
        for player in touched:
            player.moved = False
        return result

    def _shared(
        self,
        shared: dict[View, Delta],
        by_cell: dict[Cell, list[Player]],
        by_room: dict[str, list[Player]],
    ) -> None:
        """Those who moved within their cell, for each view that sees the cell."""
        if self._watch is None:
            self._grouped(shared, by_cell)
        elif by_cell:
            shared.update((view, Delta()) for views in self._views_in.values() for view in views)
        for room, players in by_room.items():
            for view in self._views_in.get(room, ()):
                cells = block(view.cell)
                far = [p for p in players if p.view is not None and p.view.cell not in cells]
                if far:
                    shared.setdefault(view, Delta()).moved += far

    def _grouped(self, shared: dict[View, Delta], by_cell: dict[Cell, list[Player]]) -> None:
        looking: Iterable[Cell] = self._views_at
        find = by_cell.get
        if 9 * len(by_cell) < len(self._views_at):
            looking = {near: None for cell in by_cell for near in block(cell) if near in self._views_at}
        for cell in looking:
            groups = [group for near in block(cell) if (group := find(near)) is not None]
            if groups:
                for view in self._views_at[cell]:
                    shared[view] = Delta(groups=groups)

    def _passing(
        self, shared: dict[View, Delta], passing: list[Player], welcomed: dict[Player, View]
    ) -> None:
        """Those who came, left or crossed, for each view that sees or saw them."""
        for player in passing:
            now = player.view
            views: dict[View, None] = {}
            for place in (player.view_before, welcomed.get(player), now):
                if place is not None:
                    views.update(dict.fromkeys(self.views_seeing(place)))
            for view in views:
                _sort_in(shared.setdefault(view, Delta()), player, view, view, welcomed)

    def _crossing(
        self, before: View, now: View, passed: set[Player], by_cell: dict[Cell, list[Player]]
    ) -> Delta:
        """What those whose own view changed from `before` to `now` must be told of all who have not `passed`.

        Those are where they were, so whole cells and rooms come into view, go out of it or stay.
        """
        delta = Delta()
        old, new = block(before.cell), block(now.cell)
        both = {*old, *new}
        # A room's members are seen wherever they are.
        was = self._rooms.get(before.room, {}) if before.room is not None else {}
        here = self._rooms.get(now.room, {}) if now.room is not None else {}
        for cell in new:
            if cell in old:
                if cell in by_cell:
                    delta.groups.append(by_cell[cell])
                continue
            people = [player for player in self._cells.get(cell, ()) if player not in passed]
            delta.joined += [player for player in people if player not in was]
            delta.moved += [player for player in people if player.moved and player in was]
        for cell in old:
            if cell not in new:
                people = [player for player in self._cells.get(cell, ()) if player not in passed]
                delta.left += [player for player in people if player not in here]
                delta.moved += [player for player in people if player.moved and player in here]
        beyond = [player for player in here if player not in passed and _cell(player) not in both]
        delta.joined += [player for player in beyond if player not in was]
        delta.moved += [player for player in beyond if player.moved and player in was]
        if before.room != now.room:
            delta.left += [player for player in was if player not in passed and _cell(player) not in both]
        return delta


def _cell(player: Player) -> Cell | None:
    return player.view.cell if player.view is not None else None


def _sort_in(delta: Delta, player: Player, before: View, now: View, welcomed: dict[Player, View]) -> None:
    """What a viewer with these views (before the tick and now) must be told of the player."""
    saw = sees(before, player.view_before)
    if sees(now, player.view):
        if not saw:
            delta.joined.append(player)
        elif player.moved:
            delta.moved.append(player)
    elif saw or sees(before, welcomed.get(player)):
        delta.left.append(player)


def _drop(index: dict[K, dict[V, None]], key: K, item: V) -> None:
    items = index[key]
    del items[item]
    if not items:
        del index[key]
