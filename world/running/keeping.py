"""What those who look after a place do about others while all are in it. No await, no socket."""

from __future__ import annotations

import msgspec

from signaling.messages import Error, Mute, Muted
from world.clients.client import Client
from world.records import KEEPERS, RANK
from world.running.live import LiveSpace


def mute(live: LiveSpace, client: Client, message: Mute, now: float) -> Client | None:
    """Turn somebody's microphone off: nothing of it is forwarded from now on, whatever their page does.
    Returns whose state is another one now."""
    if not client.chats.take(now, 0.5):
        client.send(Error("rate_limited", "one after the other", "mute"))
        return None
    player, other = client.player, live.space.players.get(message.user_id)
    theirs = live.clients.get(other) if other is not None else None
    if other is None or theirs is None:
        client.send(Error("user_unknown", "there is nobody of this id here who could be muted", "mute"))
        return None
    if player.role not in KEEPERS or RANK[player.role] <= RANK[other.role]:
        client.send(Error("not_allowed", "you may not decide over this member", "mute"))
        return None
    if not other.flags.mic:
        return None
    other.flags = msgspec.structs.replace(other.flags, mic=False)
    live.flags_changed(other)
    theirs.send(Muted(player.name))
    return theirs
