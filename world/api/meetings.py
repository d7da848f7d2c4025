"""`/api/meetings`: the room behind a link, and a seat in it for members and guests.

A link is a capability: who has it may come in, with an account or without. Members of the server
come as themselves and may walk on from there; everybody else sits in that one room.
"""

from __future__ import annotations

import secrets

from aiohttp import web

from signaling.messages import Presence, Role
from signaling.tickets import SeatTicket
from world.api.body import answer, read_json
from world.api.errors import ApiError
from world.api.identity import client_address, current_login, limited
from world.api.route import Route
from world.api.services import Services, services
from world.api.shapes import JoinMeeting, MeetingServer, MeetingView, MeetingZone, SeatView
from world.records import ServerRecord, ZoneRecord
from world.space.rooms import room_refusal
from world.storage import names
from world.storage.users import DEFAULT_AVATAR

# A guest who stays longer than that opens the link again.
SEAT_SECONDS = 12 * 3600.0
UNKNOWN = "This meeting link is not valid (any more). Ask whoever gave it to you for the new one."


async def _room(request: web.Request) -> tuple[ServerRecord, ZoneRecord]:
    known = services(request)
    zone = await known.zones.by_meeting(request.match_info["meeting_id"])
    server = await known.servers.server(zone.server_id) if zone is not None else None
    if zone is None or server is None:
        raise ApiError(404, "meeting_unknown", UNKNOWN)
    return server, zone


async def get(request: web.Request) -> web.Response:
    server, zone = await _room(request)
    people = len(await services(request).world.people_in(server.id, zone.id))
    room = MeetingZone(zone.id, zone.name, zone.type, zone.capacity, zone.locked)
    return answer(MeetingView(MeetingServer(server.id, server.name), room, people))


async def join(request: web.Request) -> web.Response:
    known = services(request)
    address, now = client_address(request), known.now()
    limited(request, known.limits.meeting.take(address, now), known.limits.meeting.wait(address, now))
    body = await read_json(request, JoinMeeting)
    server, zone = await _room(request)
    claims = await _claims(request, known, server, zone, body.name)
    refusal = room_refusal(zone, claims.user_id, claims.role, await known.world.people_in(server.id, zone.id))
    if refusal is not None:
        raise ApiError(409, *refusal)
    return answer(
        SeatView(
            known.tickets.issue(claims, SEAT_SECONDS, now),
            server.id,
            zone.id,
            claims.user_id,
            f"/ws/{server.id}",
        )
    )


async def _claims(
    request: web.Request, known: Services, server: ServerRecord, zone: ZoneRecord, name: str | None
) -> SeatTicket:
    login = await current_login(request)
    if login is None:
        called = names.label("name", name or "", "A guest")
        user_id = f"guest-{secrets.token_hex(12)}"
        return _seat(server, zone, user_id, called, _guest_avatar(known, user_id), "guest", "guest")
    account = login.account
    member = await known.servers.member(server.id, account.id)
    if member is not None:
        return _seat(server, zone, account.id, account.display_name, account.avatar, "walker", member.role)
    if await known.bans.is_banned(server.id, account.id):
        raise ApiError(403, "banned", "You cannot join this server.")
    return _seat(server, zone, account.id, account.display_name, account.avatar, "guest", "guest")


def _seat(
    server: ServerRecord,
    zone: ZoneRecord,
    user_id: str,
    name: str,
    avatar: str,
    presence: Presence,
    role: Role,
) -> SeatTicket:
    return SeatTicket(server.id, zone.id, user_id, name, avatar, presence, role, zone.meeting_id)


def _guest_avatar(known: Services, user_id: str) -> str:
    avatars = sorted(known.users.avatars)
    return avatars[sum(user_id.encode()) % len(avatars)] if avatars else DEFAULT_AVATAR


_EXAMPLE = {"name": "Grace"}
ROUTES = (
    Route(
        *("GET", "/api/meetings/{meeting_id}", get, "The room behind a meeting link"),
        who="anybody",
        answer=MeetingView,
        errors={404: ("meeting_unknown",)},
    ),
    Route(
        *("POST", "/api/meetings/{meeting_id}/join", join, "A seat in the room, with or without account"),
        who="anybody",
        body=JoinMeeting,
        answer=SeatView,
        errors={
            403: ("banned",),
            404: ("meeting_unknown",),
            409: ("room_locked", "room_full"),
            429: ("too_many_requests",),
        },
        example=_EXAMPLE,
    ),
)
