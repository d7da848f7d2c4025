"""What a client may say, and what comes of it. One function per kind of message; no await, no socket."""

from __future__ import annotations

from signaling.messages import (
    Closing,
    Emoted,
    Error,
    MediaFlags,
    MediaState,
    MovedBack,
    Pin,
    PlayerMove,
    SendEmote,
    ZoneEntered,
    ZoneExited,
)
from world.clients.client import Client
from world.metrics import WorldMetrics
from world.running import showing
from world.running.live import LiveSpace
from world.space.rooms import ROOM_CODES


def move(live: LiveSpace, client: Client, message: PlayerMove, now: float) -> None:
    """A step, or the reason why not: then the client is set back to where the world sees it."""
    if not client.moves.take(now):
        _too_many(live, client, message, now)
        return
    player = client.player
    sits = player.showing.seated
    before = (player.x, player.y) if sits else None
    verdict = live.space.move(player, message.x, message.y, message.direction, message.seq, now)
    if verdict == "moved":
        live.moves += 1
        if sits and (player.x, player.y) != before:
            showing.got_up(live, player)
        live.wake()
        return
    live.metrics.moved_back.labels(verdict).inc()
    # Who leans on a closed door is told why once a second.
    told = verdict in ROOM_CODES
    refusal = live.space.refusal_at(player, message.x, message.y, now) if told else None
    if refusal is not None and client.may_tell_moves(now):
        client.send(Error(*refusal, message.seq))
    client.send(MovedBack(player.x, player.y, message.seq))


def _too_many(live: LiveSpace, client: Client, message: PlayerMove, now: float) -> None:
    """A step beyond what moves have as their own bound: it is not looked at, and counts as any message."""
    if not client.total.take(now):
        fail(live.metrics, client, Error("rate_limited", "you send too much"), now)
    elif client.may_tell_moves(now):
        player = client.player
        client.send(Error("rate_limited", "you send more moves than there are frames", message.seq))
        client.send(MovedBack(player.x, player.y, message.seq))


def fail(metrics: WorldMetrics, client: Client, error: Error, now: float) -> None:
    """Tell a client what was wrong; one that goes on like that is let go."""
    metrics.errors.labels(error.code).inc()
    if client.errors.take(now):
        client.send(error)
    else:
        client.close(Closing("too_many_errors", "too much of what you send makes no sense", None))


def zone_hint(live: LiveSpace, client: Client, message: ZoneEntered | ZoneExited) -> None:
    """A client's idea of its zone. The world has its own; where they differ it says so."""
    seen = client.player.zone_id
    agrees = (seen == message.zone_id) if isinstance(message, ZoneEntered) else (seen != message.zone_id)
    if agrees:
        return
    zone = live.space.zones.zones.get(seen) if seen is not None else None
    where = f"in {zone.name}" if zone is not None else "outside every zone"
    ref = "zone_entered" if isinstance(message, ZoneEntered) else "zone_exited"
    client.send(Error("zone_mismatch", f"the world sees you {where}", ref))


def media_state(live: LiveSpace, client: Client, message: MediaState) -> bool:
    """Mute, camera, screen, and whether to receive video at all. Returns whether any of it is another now."""
    player = client.player
    flags = MediaFlags(message.mic and not message.booth, message.camera, message.screen)
    booth = message.mic and message.booth
    if (flags, message.watch, booth) == (player.flags, player.watch, player.booth):
        return False
    told = flags != player.flags
    player.flags = flags
    player.watch = message.watch
    player.booth = booth
    if told:
        live.flags_changed(player)
    else:
        live.media_changed(player)
    return True


def pin(live: LiveSpace, client: Client, message: Pin) -> None:
    """Whose video comes first."""
    player = client.player
    if message.user_id is not None:
        other = live.space.players.get(message.user_id)
        if other is None or not live.audibility.hears(player, other):
            client.send(Error("out_of_hearing", "you can pin only people whom you hear", "pin"))
            return
    player.pinned = message.user_id
    live.media_changed(player)


def emote(live: LiveSpace, client: Client, message: SendEmote, now: float) -> None:
    """A sign above the avatar, for those who see it."""
    if not client.chats.take(now, 0.5):
        client.send(Error("rate_limited", "one emote after the other", "emote"))
        return
    live.tell_viewers(client.player, Emoted(client.player.user_id, message.emote))
