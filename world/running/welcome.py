"""The first message to a client: everything that it needs to draw its first picture."""

from __future__ import annotations

from signaling.messages import Hearing, IceServer, MapInfo, ServerInfo, Welcome, You
from world.hearing import audibility
from world.running.live import LiveSpace
from world.running.tick import TICK_SECONDS
from world.space.player import Player
from world.space.space import RUN_SPEED


def welcome(
    live: LiveSpace,
    player: Player,
    *,
    session: str,
    map_info: MapInfo,
    ice_servers: list[IceServer],
    resume: str,
) -> Welcome:
    """The `welcome` of a player that has been placed in the space's views."""
    view = player.view
    assert view is not None
    return Welcome(
        you=You(
            user_id=player.user_id,
            name=player.name,
            avatar=player.avatar,
            presence=player.presence,
            role=player.role,
            x=player.x,
            y=player.y,
            direction=player.direction,
            zone_id=player.zone_id,
            media=player.flags,
            session=session,
            showing=player.showing,
        ),
        server=ServerInfo(live.record.id, live.record.name),
        map=map_info,
        zones=live.space.zones.infos(with_meetings=player.presence == "walker"),
        players=[other.info() for other in live.interest.visible(view) if other is not player],
        ice_servers=ice_servers,
        resume=resume,
        hearing=Hearing(audibility.FULL, audibility.RADIUS, audibility.KEEP, audibility.PREWARM),
        speed=RUN_SPEED,
        tick_ms=TICK_SECONDS * 1000,
    )
