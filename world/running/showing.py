"""How people show themselves: available, busy or away, sitting or not, by which name and avatar. No await,
no socket."""

from __future__ import annotations

from signaling.messages import Error, LookChanged, MediaFlags, Show, Showing, Shown
from world.clients.client import Client
from world.running.live import LiveSpace
from world.space.player import Player


def show(live: LiveSpace, client: Client, message: Show, now: float) -> bool:
    """Another status, or sitting down or getting up. Who is away sends nothing, whatever was on: returns
    whether this turned anything off."""
    player = client.player
    showing = Showing(message.status, message.seated and player.walks)
    if showing == player.showing:
        return False
    if not client.chats.take(now, 0.5):
        client.send(Error("rate_limited", "one after the other", "show"))
        client.send(Shown(player.user_id, player.showing))
        return False
    _set(live, player, showing)
    if showing.status != "away" or (player.flags == MediaFlags() and not player.booth):
        return False
    player.flags, player.booth = MediaFlags(), False
    live.flags_changed(player)
    return True


def got_up(live: LiveSpace, player: Player) -> None:
    """A step was made: nobody walks sitting."""
    if player.showing.seated:
        _set(live, player, Showing(player.showing.status))


def look(live: LiveSpace, player: Player, name: str, avatar: str) -> None:
    """The account has another name or avatar."""
    if (player.name, player.avatar) == (name, avatar):
        return
    player.name, player.avatar = name, avatar
    _tell(live, player, LookChanged(player.user_id, name, avatar))


def _set(live: LiveSpace, player: Player, showing: Showing) -> None:
    player.showing = showing
    _tell(live, player, Shown(player.user_id, showing))


def _tell(live: LiveSpace, player: Player, message: Shown | LookChanged) -> None:
    live.tell_viewers(player, message)
