"""The one truth about one server's map: who stands where, and in which zone.

Everything that changes a position comes through here. A move is checked (finite, on the map, not faster
than running, not through a wall) and answered with a verdict; the zone follows from the position alone,
never from what a client says, and a private room that is locked or full is closed to every way in
(`world.space.rooms`). Time is a parameter (seconds); this file knows no client and no worker. What has
changed since the last tick is collected for `drain`.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import Literal

from signaling.messages import Direction, Role
from world.records import Seat, Spawn, ZoneRecord
from world.space import doors
from world.space.grid import Grid
from world.space.ground import Ground
from world.space.places import Places
from world.space.player import Player
from world.space.rooms import RoomCode, RoomRefusal, room_refusal
from world.space.zones import ZoneMap, room_of

# px/s. Clients walk at WALK_SPEED and run (Shift) at RUN_SPEED; the bound is the faster.
WALK_SPEED = 220.0
RUN_SPEED = 360.0
# Clocks and frames of browsers are not exact: this much faster is still the same speed.
SPEED_SLACK = 1.1
# A network that stalls and then delivers everything at once is not a cheat: so many seconds of running
# are saved up. One single step is bounded more tightly, or standing still would buy a teleport.
ALLOWANCE_SECONDS = 2.0
ALLOWED_SPEED = RUN_SPEED * SPEED_SLACK
MAX_ALLOWANCE = RUN_SPEED * ALLOWANCE_SECONDS
MAX_STEP = 140.0

Verdict = Literal["moved", "too_fast", "blocked", "outside", "not_walking"] | RoomCode


class RoomClosed(Exception):
    """The seat's room takes nobody more now."""

    def __init__(self, refusal: RoomRefusal) -> None:
        super().__init__(refusal.message)
        self.refusal = refusal


@dataclass(frozen=True, slots=True)
class Changes:
    """Since the last drain: who came, moved or turned (`touched`), who left, who changed zone."""

    touched: list[Player]
    gone: list[Player]
    rezoned: list[Player]

    def __bool__(self) -> bool:
        return bool(self.touched or self.gone or self.rezoned)


class Space:
    """One server's players on its map."""

    def __init__(
        self, server_id: str, ground: Ground, zones: Iterable[ZoneRecord], spawns: tuple[Spawn, ...]
    ) -> None:
        self.server_id = server_id
        self.ground = ground
        self.spawns = spawns
        self.players: dict[str, Player] = {}
        self.grid = Grid()
        self.zones = ZoneMap(zones, ground.width, ground.height)
        self._width, self._height = ground.width, ground.height
        self._clear_path = ground.collision.clear_path
        self._touched: dict[Player, None] = {}
        self._gone: list[Player] = []
        self._rezoned: dict[Player, None] = {}
        # Numbers of people: those that are free, and those that are once the next tick has drained.
        self._free: list[int] = []
        self._leaving: list[int] = []
        self._numbered = 0
        # Who is in which zone; devices are not people.
        self._people: dict[str, set[str]] = {}

    # --- coming and going ------------------------------------------------------------------------

    def join(
        self,
        seat: Seat,
        now: float,
        last: tuple[float, float] | None = None,
        *,
        returning: bool = False,
    ) -> Player:
        """Seat somebody: in the seat's zone if it has one, at the `last` position if that is a legal
        place that is open to them, else at a spawn point. `returning` is `expected` in `world.space.rooms`.

        Raises:
            ValueError: the user is here already.
            LookupError: the seat's zone does not exist (any more).
            RoomClosed: the seat's zone is a private room that is locked or full.
        """
        if seat.user_id in self.players:
            raise ValueError(f"{seat.user_id} is here already")
        x, y = self.place_for(seat, last, returning=returning)
        player = Player(
            user_id=seat.user_id,
            name=seat.name,
            avatar=seat.avatar,
            presence=seat.presence,
            role=seat.role,
            x=x,
            y=y,
            home=seat.zone_id if seat.presence != "walker" else None,
            allowance=MAX_ALLOWANCE,
            allowance_at=now,
            number=self._number(),
        )
        self.players[seat.user_id] = player
        self.grid.put(player)
        self._derive(player, self.zones.at(x, y))
        self._touched[player] = None
        self._rezoned.pop(player, None)  # their zone is told with their arrival
        return player

    def place_for(
        self, seat: Seat, last: tuple[float, float] | None, *, returning: bool = False
    ) -> tuple[float, float]:
        """Where the seat's owner will stand. Raises LookupError for an unknown zone, and RoomClosed."""
        places = Places(self.ground.collision, self.zones, self.grid, returning)
        if last is not None and not (math.isfinite(last[0]) and math.isfinite(last[1])):
            last = None
        if seat.zone_id is not None:
            zone = self.zones.zones.get(seat.zone_id)
            if zone is None:
                raise LookupError("this room does not exist any more")
            # A device comes with its owner's ticket: whether that opens the room was looked at there.
            if seat.presence != "device":
                refusal = self._refusal(zone, seat.user_id, seat.role, returning)
                if refusal is not None:
                    raise RoomClosed(refusal)
            wished = last if last is not None and self.zones.at(*last) is zone else (seat.x, seat.y)
            return self._place_in(zone, places, *wished)
        if last is not None and self._open_at(*last, seat, returning):
            place = places.beside(*last)
            if place is not None:
                return place
        spawns = tuple(spawn for spawn in self.spawns if self._open_at(spawn.x, spawn.y, seat))
        return places.at_spawn(spawns, self.ground.width, self.ground.height)

    def _place_in(
        self, zone: ZoneRecord, places: Places, x: float | None = None, y: float | None = None
    ) -> tuple[float, float]:
        """A place in this very zone. Raises LookupError where smaller zones cover it or it has no ground:
        a guest of one room must not sit in another."""
        place = places.in_zone(zone, x, y)
        if self.zones.at(*place) is not zone:
            raise LookupError("this room has no place to stand")
        return place

    def _open_at(self, x: float, y: float, seat: Seat, returning: bool = False) -> bool:
        zone = self.zones.at(x, y)
        return self._refusal(zone, seat.user_id, seat.role, returning) is None

    def _refusal(
        self, zone: ZoneRecord | None, user_id: str, role: Role, expected: bool = False
    ) -> RoomRefusal | None:
        """Why they cannot come into this zone; public space is open to all."""
        if zone is None or zone.type != "PRIVATE":
            return None
        return room_refusal(zone, user_id, role, self.people_in(zone.id), expected=expected)

    def people_in(self, zone_id: str) -> Collection[str]:
        """The user ids of those who are in a zone (devices are not people). Do not change."""
        return self._people.get(zone_id, ())

    def refusal_at(self, player: Player, x: float, y: float, now: float) -> RoomRefusal | None:
        """Why this player cannot walk to (x, y), as far as rooms go."""
        return self.refusal_of(player, self.zones.at(x, y), now)

    def refusal_of(self, player: Player, zone: ZoneRecord | None, now: float) -> RoomRefusal | None:
        """Why this player cannot walk into the zone."""
        expected = zone is not None and doors.is_let_in(player, zone.id, now)
        return self._refusal(zone, player.user_id, player.role, expected)

    def leave(self, user_id: str) -> Player | None:
        """Take somebody out; None when they are not here."""
        player = self.players.pop(user_id, None)
        if player is None:
            return None
        self.grid.remove(player)
        self._touched.pop(player, None)
        self._rezoned.pop(player, None)
        self._file(player, None)
        self._gone.append(player)
        return player

    def _number(self) -> int:
        if self._free:
            return self._free.pop()
        self._numbered += 1
        return self._numbered - 1

    def put(self, player: Player, x: float, y: float) -> None:
        """Set somebody down somewhere: an arrival through a meeting link, never a client's wish."""
        player.x, player.y = x, y
        player.moved = True
        self.grid.put(player)
        self._derive(player, self.zones.at(x, y))
        self._touched[player] = None

    # --- moving ----------------------------------------------------------------------------------

    def move(self, player: Player, x: float, y: float, direction: Direction, seq: int, now: float) -> Verdict:
        """Try to stand at (x, y). On any verdict but "moved" the player stays where it is."""
        if player.presence != "walker":
            return "not_walking"
        # Neither holds for what is no number.
        if not (0.0 <= x < self._width and 0.0 <= y < self._height):
            return "outside"
        elapsed = now - player.allowance_at
        if elapsed > 0:
            allowance = player.allowance + elapsed * ALLOWED_SPEED
            player.allowance = allowance if allowance < MAX_ALLOWANCE else MAX_ALLOWANCE
            player.allowance_at = now
        dx = x - player.x
        dy = y - player.y
        if dx or dy:
            step = math.sqrt(dx * dx + dy * dy)
            if step > MAX_STEP or step > player.allowance:
                return "too_fast"
            if not self._clear_path(player.x, player.y, x, y):
                return "blocked"
            zone = self.zones.at(x, y)
            rezoned = (zone.id if zone is not None else None) != player.zone_id
            if rezoned:
                refusal = self.refusal_of(player, zone, now)
                if refusal is not None:
                    return refusal.code
            player.allowance -= step
            player.x = x
            player.y = y
            self.grid.put(player)
            if rezoned:
                self._derive(player, zone)
        elif direction == player.direction:
            player.last_seq = seq
            return "moved"
        player.direction = direction
        player.last_seq = seq
        player.moved = True
        self._touched[player] = None
        return "moved"

    def touch(self, player: Player) -> None:
        """Something else about the player changed that the next tick must look at."""
        self._touched[player] = None

    # --- zones -----------------------------------------------------------------------------------

    def set_zones(self, zones: Iterable[ZoneRecord]) -> None:
        """The zones were edited: everybody's zone is derived anew, and guests and devices go with theirs."""
        self.zones = ZoneMap(zones, self.ground.width, self.ground.height)
        for player in self.players.values():
            self._derive(player, self.zones.at(player.x, player.y))
        places = Places(self.ground.collision, self.zones, self.grid)
        for player in self.players.values():
            home = self.zones.zones.get(player.home) if player.home is not None else None
            if home is not None and player.zone_id != home.id:
                with suppress(LookupError):
                    self.put(player, *self._place_in(home, places))

    def homeless(self) -> list[Player]:
        """The guests and devices whose zone is gone, or has no place for them any more."""
        return [p for p in self.players.values() if p.home is not None and p.zone_id != p.home]

    def _derive(self, player: Player, zone: ZoneRecord | None) -> None:
        """The player stands in this zone now."""
        zone_id = zone.id if zone is not None else None
        room = room_of(zone)
        silent = zone is not None and zone.type == "SILENT"
        if (zone_id, room, silent) != (player.zone_id, player.room, player.silent):
            self._file(player, zone_id)
            player.zone_id, player.room, player.silent = zone_id, room, silent
            self._rezoned[player] = None
            self._touched[player] = None

    def _file(self, player: Player, zone_id: str | None) -> None:
        """Count the player in this zone and no longer in the one that it was in."""
        if player.presence == "device":
            return
        if player.zone_id is not None:
            people = self._people.get(player.zone_id, set())
            people.discard(player.user_id)
            if not people:
                self._people.pop(player.zone_id, None)
        if zone_id is not None:
            self._people.setdefault(zone_id, set()).add(player.user_id)

    # --- ticks -----------------------------------------------------------------------------------

    @property
    def dirty(self) -> bool:
        """Whether a tick has something to do."""
        return bool(self._touched or self._gone)

    def drain(self) -> Changes:
        """What has changed since the last call."""
        changes = Changes(list(self._touched), self._gone, list(self._rezoned))
        self._free += self._leaving
        self._leaving = [player.number for player in self._gone]
        self._touched = {}
        self._gone = []
        self._rezoned = {}
        return changes
