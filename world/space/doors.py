"""Knocking at a locked room, and being let in by somebody inside. Pure."""

from __future__ import annotations

from world.space.player import Player

# A knock that nobody has answered by then is over (s).
KNOCK_SECONDS = 60.0
# Nobody is disturbed more often by somebody whom they do not let in (s).
AGAIN_SECONDS = 10.0
# So long there is time to walk in (s).
LET_IN_SECONDS = 60.0


def knock(player: Player, zone_id: str, now: float) -> bool:
    """The player stands at this room's door and has knocked; False where they did so a moment ago."""
    if player.knocked is not None and now < player.knocked[1] + AGAIN_SECONDS:
        return False
    player.knocked = (zone_id, now)
    return True


def let_in(inside: Player, other: Player, now: float) -> bool:
    """Somebody opens the door of their room to another; False where that one has not knocked there."""
    if inside.room is None or other.knocked is None:
        return False
    zone_id, knocked_at = other.knocked
    if zone_id != inside.room or now >= knocked_at + KNOCK_SECONDS:
        return False
    other.knocked, other.let_in = None, (zone_id, now + LET_IN_SECONDS)
    return True


def is_let_in(player: Player, zone_id: str, now: float) -> bool:
    """Whether the room's lock is open to this player."""
    return player.let_in is not None and player.let_in[0] == zone_id and now < player.let_in[1]
