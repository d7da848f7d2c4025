"""People for tests of the world's rules."""

from __future__ import annotations

from signaling.messages import MediaFlags, Source
from world.space.player import Player


def person(name: str, x: float = 0, y: float = 0, room: str | None = None, *on: Source) -> Player:
    """Somebody at (x, y), in public space or a private room, with these sources on the air."""
    player = Player(name, name, "avatar-1", "walker", "member", x, y)
    player.room = player.zone_id = room
    put_on_air(player, *on)
    return player


def put_on_air(player: Player, *on: Source) -> None:
    """These and no other sources are on, and the worker has seen them."""
    screen = "screen" in on or "screen_audio" in on
    player.flags = MediaFlags("mic" in on, "camera" in on, screen)
    player.sources = set(on)
    player.carrier = "w1"
