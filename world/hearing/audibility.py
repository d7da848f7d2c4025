"""Who hears whom: the rule that all media obeys. Pure; positions in, relations out.

In a private room everybody hears everybody of it, at gain 1, whatever the distance. In public space
two people hear each other when they are close: from less than `RADIUS` px on, until `KEEP` px, and from
`PREWARM` px on a slot is reserved, so that the picture is there when they meet. Public space and rooms,
and two rooms, never hear each other; in a silent zone nobody hears anybody or is heard. Every relation is
between two people and symmetric; it depends on the two positions and on its own last state only, so the
order in which people arrive or are looked at cannot matter.

Only what changed is reported: the cost is that of the people who moved, also in a room of a thousand.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from world.native.crossings import Crossings
from world.space.grid import CELL, Grid
from world.space.player import Player

# px; clients are told these in `welcome` (FULL … PREWARM).
FULL = 48.0
RADIUS = 300.0
KEEP = 330.0
PREWARM = 360.0
# A reserved slot is given up a little further out, or a person who sways at PREWARM would take and give
# it back at every tick.
PREWARM_KEEP = 390.0
assert PREWARM_KEEP <= CELL
# Where somebody is filed who is not: no room has an empty id.
_NOWHERE = ""
# The distances at which `relation` may change.
LIMITS = (RADIUS, KEEP, PREWARM, PREWARM_KEEP)
_RADIUS2 = RADIUS * RADIUS
_PREWARM2 = PREWARM * PREWARM
_PREWARM_KEEP2 = PREWARM_KEEP * PREWARM_KEEP


def gain(distance: float) -> float:
    """Loudness 0..1 at a distance (px) in public space: 1 - smoothstep from FULL to RADIUS."""
    t = (distance - FULL) / (RADIUS - FULL)
    t = 0.0 if t < 0.0 else 1.0 if t > 1.0 else t
    return 1.0 - t * t * (3.0 - 2.0 * t)


def amplitude(level: int) -> float:
    """Loudness 0..1 of a level in -dBov (RFC 6464)."""
    return float(10 ** (-max(0, level) / 20))


def relation(squared: float, before: bool | None) -> bool | None:
    """The relation of two people in public space.

    Takes the squared distance (px²) and the relation before: True is hearing, False is pre-warmed, None
    is nothing. Applying it twice at one distance is the same as once.
    """
    if squared < RADIUS * RADIUS or (before is True and squared < KEEP * KEEP):
        return True
    if squared < PREWARM * PREWARM or (before is not None and squared < PREWARM_KEEP * PREWARM_KEEP):
        return False
    return None


class Changed(NamedTuple):
    """What an update has changed, without those who are gone."""

    # Those who are in another place of hearing than before: they came, changed room, fell silent.
    filed: set[Player]
    # In public space, everybody else with a relation that changed.
    listeners: set[Player]
    # Private rooms that somebody entered or left; their members are not listed.
    rooms: set[str]
    # (listener, other): the listener does not hear the other any more.
    lost: list[tuple[Player, Player]]


class Audibility:
    """The relations of one space. With `crossings` (of `LIMITS`) only the pairs it names are looked at."""

    def __init__(self, crossings: Crossings | None = None) -> None:
        self._crossings = crossings
        # Public space: for each person the others in reach; True hears, False is pre-warmed.
        self._near: dict[Player, dict[Player, bool]] = {}
        self._rooms: dict[str, dict[Player, None]] = {}
        # Where each person was last filed: a room's id, or None for public space.
        self._filed: dict[Player, str | None] = {}

    # --- looking -----------------------------------------------------------------------------------

    def hears(self, listener: Player, speaker: Player) -> bool:
        """Whether the listener hears the speaker now (and so the speaker the listener)."""
        if listener is speaker or listener not in self._filed or speaker not in self._filed:
            return False
        room = self._filed[listener]
        if room != self._filed[speaker]:
            return False
        return room is not None or self._near[listener].get(speaker) is True

    def hearers(self, speaker: Player) -> Iterator[Player]:
        """Everybody who hears the speaker now."""
        if speaker not in self._filed:
            return
        room = self._filed[speaker]
        if room is not None:
            yield from (other for other in self._rooms[room] if other is not speaker)
        else:
            yield from (other for other, active in self._near[speaker].items() if active)

    def reach(self, listener: Player) -> dict[Player, bool]:
        """Public space: everybody in reach, True who is heard, False who is pre-warmed. Do not change."""
        return self._near.get(listener, {})

    def room(self, room: str) -> dict[Player, None]:
        """Everybody in a private room. Do not change."""
        return self._rooms.get(room, {})

    @property
    def rooms(self) -> Iterable[str]:
        """The private rooms that have somebody in them."""
        return self._rooms

    def gain(self, listener: Player, speaker: Player) -> float:
        """How loud the listener hears the speaker: 1 in a room, by distance in public space."""
        room = self._filed.get(listener)
        if room is not None:
            return 1.0 if self._filed.get(speaker) == room and speaker is not listener else 0.0
        if not self.hears(listener, speaker):
            return 0.0
        return gain(math.hypot(listener.x - speaker.x, listener.y - speaker.y))

    # --- changing ----------------------------------------------------------------------------------

    def update(self, touched: Iterable[Player], gone: Iterable[Player], grid: Grid) -> Changed:
        """Bring the relations up to date after these people moved, came, went or fell silent."""
        changed = Changed(set(), set(), set(), [])
        for player in gone:
            self._unfile(player, changed)
        public: list[Player] = []
        for player in touched:
            if not player.present or player.silent:
                if player in self._filed or not player.present:
                    changed.filed.add(player)
                self._unfile(player, changed)
                continue
            if self._filed.get(player, _NOWHERE) != player.room:
                self._unfile(player, changed)
                self._file(player, changed)
                changed.filed.add(player)
            if player.room is None:
                public.append(player)
        if self._crossings is None:
            for player in public:
                self._measure(player, grid, changed)
        else:
            for player, other in self._crossings.look(public):
                if player is other:
                    self._drop_far(player, changed)
                else:
                    self._relate(player, other, changed)
        changed.listeners.difference_update(gone, changed.filed)
        return changed

    def _file(self, player: Player, changed: Changed) -> None:
        room = player.room
        self._filed[player] = room
        if room is None:
            self._near[player] = {}
            if self._crossings is not None:
                self._crossings.add(player)
        else:
            self._rooms.setdefault(room, {})[player] = None
            changed.rooms.add(room)

    def _unfile(self, player: Player, changed: Changed) -> None:
        if player not in self._filed:
            return
        room = self._filed.pop(player)
        if room is None:
            if self._crossings is not None:
                self._crossings.remove(player)
            for other in self._near.pop(player):
                del self._near[other][player]
                changed.listeners.add(other)
                changed.lost.append((other, player))
        else:
            members = self._rooms[room]
            del members[player]
            changed.rooms.add(room)
            changed.lost.extend((other, player) for other in members)
            if not members:
                del self._rooms[room]

    def _measure(self, player: Player, grid: Grid, changed: Changed) -> None:
        near = self._near[player]
        seen = 0
        px, py, find = player.x, player.y, near.get
        for cell in grid.around(player):
            for other in cell.players:
                dx, dy = other.x - px, other.y - py
                squared = dx * dx + dy * dy
                if squared >= _PREWARM_KEEP2 or other is player:
                    continue
                before = find(other)
                if before is not None:
                    # Nearly always: who hears goes on to hear, who is only near stays that.
                    if squared < _RADIUS2 if before else _RADIUS2 <= squared < _PREWARM2:
                        seen += 1
                        continue
                elif squared >= _PREWARM2:
                    continue
                # Somebody who is not filed in public space yet or any more is measured in their own turn.
                if other.room is None and other in self._near:
                    seen += self._relate(player, other, changed) is not None
        if seen != len(near):
            self._drop_far(player, changed)

    def _relate(self, player: Player, other: Player, changed: Changed) -> bool | None:
        """Two people of public space as they stand now; their relation."""
        dx, dy = other.x - player.x, other.y - player.y
        near = self._near[player]
        before = near.get(other)
        after = relation(dx * dx + dy * dy, before)
        if after is before:
            return after
        if after is None:
            del near[other]
            del self._near[other][player]
        else:
            near[other] = self._near[other][player] = after
        if not after:
            changed.lost.extend(((player, other), (other, player)))
        changed.listeners.add(player)
        changed.listeners.add(other)
        return after

    def _drop_far(self, player: Player, changed: Changed) -> None:
        """Some relation may be to somebody beyond the widest radius."""
        for other in list(self._near[player]):
            self._relate(player, other, changed)
