"""What people do about others while all are in a place: knock, let in, mute. No await, no socket."""

from __future__ import annotations

import msgspec

from signaling.messages import DoorOpened, Error, Knock, Knocked, LetIn, Mute, Muted
from world.clients.client import Client
from world.records import KEEPERS, RANK
from world.running.live import LiveSpace
from world.space import doors


def mute(live: LiveSpace, client: Client, message: Mute, now: float) -> Client | None:
    """Turn somebody's microphone off: nothing of it is forwarded from now on, whatever their page does.
    Returns whose state is another one now."""
    if not client.chats.take(now, 0.5):
        client.send(Error("rate_limited", "one after the other", "mute"))
        return None
    player = client.player
    if player.role not in KEEPERS:  # who learns nothing of who is here
        client.send(Error("not_allowed", "only the owner, admins and moderators mute others", "mute"))
        return None
    other = live.space.players.get(message.user_id)
    theirs = live.clients.get(other) if other is not None else None
    if other is None or theirs is None:
        client.send(Error("user_unknown", "there is nobody of this id here who could be muted", "mute"))
        return None
    if RANK[player.role] <= RANK[other.role]:
        client.send(Error("not_allowed", "you may not decide over this member", "mute"))
        return None
    if not other.flags.mic:
        return None
    other.flags = msgspec.structs.replace(other.flags, mic=False)
    live.flags_changed(other)
    theirs.send(Muted(player.name))
    return theirs


def knock(live: LiveSpace, client: Client, message: Knock, now: float) -> None:
    """Ask those in a locked room to be let in."""
    if not client.chats.take(now, 1.0):
        client.send(Error("rate_limited", "one knock after the other", "knock"))
        return
    player, zone = client.player, live.space.zones.zones.get(message.zone_id)
    if zone is None or zone.type != "PRIVATE" or not player.walks:
        client.send(Error("zone_unknown", "there is no such room for you", "knock"))
        return
    people = map(live.space.players.get, live.space.people_in(zone.id))
    inside = [live.clients[one] for one in people if one is not None and one in live.clients]
    refusal = live.space.refusal_of(player, zone, now)
    if refusal is None:
        return  # the door is open
    if refusal.code == "room_full":
        client.send(Error(*refusal, "knock"))
    elif not inside:
        client.send(Error("nobody_inside", "nobody is inside who could let you in", "knock"))
    elif not doors.knock(player, zone.id, now):
        client.send(Error("rate_limited", "you have knocked a moment ago", "knock"))
    else:
        for one in inside:
            one.send(Knocked(player.user_id, player.name))


def let_in(live: LiveSpace, client: Client, message: LetIn, now: float) -> None:
    """Open the door of one's room to somebody who has knocked."""
    player, other = client.player, live.space.players.get(message.user_id)
    if other is None or not doors.let_in(player, other, now):
        client.send(Error("nobody_knocks", "nobody of this id waits at the door any more", "let_in"))
        return
    theirs = live.clients.get(other)
    if theirs is not None and player.room is not None:
        theirs.send(DoorOpened(player.room, player.name))
