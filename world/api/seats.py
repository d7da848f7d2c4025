"""Who may sit down in a world: the proof of identity behind a WebSocket's first message.

A cookie proves a member, a ticket of a meeting link proves a seat in one room. A resume token alone
proves nothing: it only goes with one of them, and with the same person.
"""

from __future__ import annotations

from aiohttp import web

from signaling.messages import Join
from signaling.tickets import BadTicket, ResumeTicket, SeatTicket
from world.api.identity import current_login
from world.api.rooms import room_refusal
from world.api.services import services
from world.records import Seat
from world.service import Refused


async def authenticate(request: web.Request, server_id: str, join: Join) -> Seat:
    """The seat that `join` may take on `server_id`.

    Raises:
        Refused: not_logged_in, not_a_member, ticket_invalid, ticket_expired, meeting_unknown,
            room_locked, room_full, resume_invalid.
    """
    if join.ticket is not None:
        seat = await _by_ticket(request, server_id, join.ticket)
    else:
        seat = await _by_cookie(request, server_id)
    if join.resume is not None:
        _check_resume(request, server_id, seat, join.resume)
    return seat


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
    refusal = room_refusal(zone, claims.user_id, role, known.world.people_in(server_id, zone.id))
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


def _check_resume(request: web.Request, server_id: str, seat: Seat, resume: str) -> None:
    known = services(request)
    try:
        claims = known.tickets.read(ResumeTicket, resume, known.now())
    except BadTicket as error:
        if error.code == "ticket_expired":
            # There is nothing left to resume; a new seat is as good.
            return
        raise Refused("resume_invalid", "This resume token is not valid here.") from error
    if claims.server_id != server_id or claims.user_id != seat.user_id:
        raise Refused("resume_invalid", "This resume token is somebody else's.")
