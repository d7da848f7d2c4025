"""Who may sit down in a world: the proof of identity behind a WebSocket's first message.

A cookie proves a member, a ticket of a meeting link proves a seat in one room. A resume token proves
nothing here: the world takes it into account only where it is this very person's, and one that has
grown old (or that another secret signed) is no reason to keep somebody out.
"""

from __future__ import annotations

import logging

from aiohttp import web

from signaling.messages import Join
from signaling.tickets import BadTicket, SeatTicket
from world.api.errors import OUT_OF_REACH, UNAVAILABLE
from world.api.identity import current_login
from world.api.services import services
from world.records import Seat
from world.running.refusals import Refused
from world.space.rooms import room_refusal

log = logging.getLogger("atrium.api")


async def authenticate(request: web.Request, server_id: str, join: Join) -> Seat:
    """The seat that `join` may take on `server_id`.

    Raises:
        Refused: not_logged_in, not_a_member, ticket_invalid, ticket_expired, meeting_unknown,
            room_locked, room_full, banned, unavailable (storage does not answer; come back soon).
    """
    try:
        if join.ticket is not None:
            return await _by_ticket(request, server_id, join.ticket)
        return await _by_cookie(request, server_id)
    except OUT_OF_REACH as error:
        log.warning("nobody can be seated, the database is out of reach: %s", error)
        raise Refused("unavailable", UNAVAILABLE) from error


async def _by_cookie(request: web.Request, server_id: str) -> Seat:
    known = services(request)
    login = await current_login(request)
    if login is None:
        raise Refused("not_logged_in", "Log in first.")
    member = await known.servers.member(server_id, login.account.id)
    if member is None:
        raise Refused("not_a_member", "You do not belong to this server.")
    known.seats.seated(server_id, member.user_id, login.session)
    return Seat(
        member.user_id,
        member.display_name,
        member.avatar,
        "walker",
        member.role,
        x=member.x,
        y=member.y,
        expires_at=login.expires_at.timestamp(),
    )


async def _by_ticket(request: web.Request, server_id: str, ticket: str) -> Seat:
    known = services(request)
    try:
        claims, expires_at = known.tickets.read_until(SeatTicket, ticket, known.now())
    except BadTicket as error:
        raise Refused(error.code, error.message) from error
    if claims.server_id != server_id:
        raise Refused("ticket_invalid", "This ticket is for another server.")
    zone = await known.zones.get(claims.zone_id)
    if zone is None or zone.server_id != server_id or zone.meeting_id != claims.meeting_id:
        raise Refused("meeting_unknown", "This meeting link is not valid any more.")
    role = claims.role
    if role != "guest":
        # The ticket is older than the membership may be.
        member = await known.servers.member(server_id, claims.user_id)
        if member is None:
            raise Refused("not_a_member", "You do not belong to this server (any more).")
        role = member.role
        login = await current_login(request)
        if login is None or login.account.id != claims.user_id:
            # A member's ticket alone is no login: it would outlive a logout by hours.
            raise Refused("not_logged_in", "Log in first.")
        known.seats.seated(server_id, claims.user_id, login.session)
    elif await known.bans.is_banned(server_id, claims.user_id):
        # Somebody with an account who came as a guest and was banned since.
        raise Refused("banned", "You cannot join this server.")
    refusal = room_refusal(zone, claims.user_id, role, await known.world.people_in(server_id, zone.id))
    if refusal is not None:
        raise Refused(*refusal)
    return Seat(
        claims.user_id,
        claims.name,
        claims.avatar,
        claims.presence,
        role,
        zone_id=zone.id,
        expires_at=expires_at,
    )
