"""How well a listener should see each of those whom they see: by distance, in steps. Pure.

The media plane gives a listener's bits to the nearest first and asks nobody for more picture than their
distance is worth. It need not know distances for that: each is told as a ring, whose outer edge is a
third further out than that of the one inside. Who walks outwards keeps a ring for a few steps more, so that
nobody flickers who sways at an edge; inwards counts at once.

Rings do not follow every step: each listener is looked at again twice a second, in turns, and only who
has really changed a ring is worth a message.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator

from signaling.messages import Source
from world.hearing.audibility import RADIUS
from world.hearing.slots import Ears, Wish
from world.space.player import Player

# Outer edges, px. Beyond the last one nobody is heard any more who was not heard before.
RINGS = (62.0, 81.0, 105.0, 137.0, 178.0, 231.0, RADIUS)
KEEP = 1.06
# How many layers of a picture each ring is worth (control.Route.cap), and what lies outside all of them.
CAPS = (3, 3, 3, 2, 2, 1, 1, 0)
# Ranks (control.Route.rank): a pinned person before all rings, a room as if all stood in the first.
PINNED, NEAREST = 0, 1

ROUND_SECONDS = 0.5
LOOKS_PER_TURN = 50

_EDGES = [edge * edge for edge in RINGS]
_KEPT = [edge * edge * KEEP * KEEP for edge in RINGS]


def ring(squared: float, before: int | None) -> int:
    """The ring at this squared distance (px²); `before` is the one they were in."""
    now = bisect_right(_EDGES, squared)
    if before is not None and before < now and squared < _KEPT[before]:
        return before
    return now


def look(listener: Player, ears: Ears) -> bool:
    """Bring the rings of a listener's video slots up to date. Returns whether one has changed."""
    changed = False
    rings: dict[tuple[Player, Source], int] = {}
    for wish in ears.video.slots:
        if wish is None:
            continue
        key = (wish.player, wish.source)
        before = ears.rings.get(key)
        if listener.room is not None:
            now = 0
        else:
            now = ring((wish.player.x - listener.x) ** 2 + (wish.player.y - listener.y) ** 2, before)
        rings[key] = now
        changed = changed or (wish.active and now != before)
    ears.rings = rings
    return changed


def rank_and_cap(listener: Player, wish: Wish, ears: Ears) -> tuple[int, int]:
    """What the media plane is told of this wish, after `look`. Audio is all alike."""
    known = ears.rings.get((wish.player, wish.source))
    if known is None:
        return NEAREST, CAPS[0]
    if wish.player.user_id == listener.pinned:
        return PINNED, CAPS[0]
    return NEAREST + known, CAPS[known]


class Rounds:
    """Who is to be looked at next: everybody, in turns, while somebody moves."""

    __slots__ = ("_begun_at", "_moved", "_waiting")

    def __init__(self) -> None:
        self._waiting: Iterator[Player] | None = None
        self._begun_at = float("-inf")
        self._moved = False

    @property
    def more(self) -> bool:
        """Whether there is somebody to be looked at without anybody moving on."""
        return self._moved or self._waiting is not None

    def turn(self, moved: bool, listeners: Iterable[Player], now: float) -> list[Player]:
        """Those whose turn it is, at most LOOKS_PER_TURN. `moved`: somebody did, since the last turn."""
        self._moved = self._moved or moved
        if self._waiting is None:
            if not self._moved or now - self._begun_at < ROUND_SECONDS:
                return []
            self._waiting, self._begun_at, self._moved = iter(list(listeners)), now, False
        turn = []
        for player in self._waiting:
            turn.append(player)
            if len(turn) == LOOKS_PER_TURN:
                return turn
        self._waiting = None
        return turn
