"""`/api/servers/{server_id}/zones` and `/api/zones`: the areas of a map, their links, their tickets."""

from __future__ import annotations

from aiohttp import web

from signaling.tickets import MediaTicket
from world.api.access import managed_server, managed_zone, member_server, member_zone
from world.api.body import answer, read_json
from world.api.errors import ApiError
from world.api.identity import limited, own_origin
from world.api.route import Route
from world.api.services import services
from world.api.shapes import (
    ChangeZone,
    Done,
    MeetingIdView,
    NewTicket,
    NewZone,
    TicketView,
    ZonesView,
    ZoneView,
)
from world.records import ZoneRecord
from world.storage.zones import ZoneDraft

# A streaming program is set up once and then started on several evenings. The ticket ends sooner with
# its owner's membership, and with the zone.
TICKET_SECONDS = 7 * 24 * 3600.0


def zone_view(zone: ZoneRecord) -> ZoneView:
    """A zone for members."""
    return ZoneView(zone.id, zone.name, zone.type, zone.bounds, zone.meeting_id, zone.capacity, zone.locked)


async def list_zones(request: web.Request) -> web.Response:
    server, _ = await member_server(request)
    return answer(ZonesView([zone_view(zone) for zone in server.zones]))


async def create(request: web.Request) -> web.Response:
    known = services(request)
    server, _ = await managed_server(request)
    body = await read_json(request, NewZone)
    zone = await known.zones.create(server.id, body.name, body.type, body.bounds, body.capacity, body.locked)
    await known.world.zones_changed(server.id)
    return answer(zone_view(zone), 201)


async def change(request: web.Request) -> web.Response:
    known = services(request)
    zone, _ = await managed_zone(request)
    body = await read_json(request, ChangeZone)
    draft = ZoneDraft(body.name, body.type, body.bounds, body.capacity, body.locked)
    changed = await known.zones.change(zone.id, draft)
    if changed is None:
        raise ApiError(404, "zone_unknown", "There is no such zone.")
    await known.world.zones_changed(zone.server_id)
    return answer(zone_view(changed))


async def delete(request: web.Request) -> web.Response:
    known = services(request)
    zone, _ = await managed_zone(request)
    await known.zones.delete(zone.id)
    await known.world.zones_changed(zone.server_id)
    return answer(Done())


async def rotate_meeting(request: web.Request) -> web.Response:
    known = services(request)
    zone, _ = await managed_zone(request)
    meeting_id = await known.zones.rotate_meeting(zone.id)
    await known.world.zones_changed(zone.server_id)
    return answer(MeetingIdView(meeting_id, f"/m/{meeting_id}"))


async def ticket(request: web.Request) -> web.Response:
    known = services(request)
    zone, member = await member_zone(request)
    body = await read_json(request, NewTicket)
    if not (body.publish or body.play):
        raise ApiError(422, "bad_field", "Ask for publish, play or both.", "publish")
    if (body.x is None) != (body.y is None):
        raise ApiError(422, "bad_field", "Give x and y, or neither.", "y" if body.y is None else "x")
    now = known.now()
    limited(
        request,
        known.limits.device.take(member.user_id, now),
        known.limits.device.wait(member.user_id, now),
    )
    claims = MediaTicket(
        zone.server_id,
        zone.id,
        member.user_id,
        member.display_name,
        body.publish,
        body.play,
        body.x,
        body.y,
        await known.users.password_mark(member.user_id),
    )
    origin = own_origin(request)
    return answer(
        TicketView(
            known.tickets.issue(claims, TICKET_SECONDS, now),
            f"{origin}/whip/{zone.id}" if body.publish else None,
            f"{origin}/whep/{zone.id}" if body.play else None,
            now + TICKET_SECONDS,
        ),
        201,
    )


_MEMBER = {403: ("not_a_member",), 404: ("server_unknown",)}
_MANAGER = {403: ("not_allowed",), 404: ("zone_unknown",)}
_BOUNDS = {"x": 32, "y": 32, "width": 320, "height": 224}
ROUTES = (
    Route(
        *("GET", "/api/servers/{server_id}/zones", list_zones, "The zones of a server"),
        answer=ZonesView,
        errors=_MEMBER,
    ),
    Route(
        *("POST", "/api/servers/{server_id}/zones", create, "A new zone (owner, admins)"),
        body=NewZone,
        answer=ZoneView,
        status=201,
        errors={403: ("not_a_member", "not_allowed"), 404: ("server_unknown",), 409: ("too_many_zones",)},
        example={"name": "Library", "type": "PRIVATE", "bounds": _BOUNDS, "capacity": 8},
    ),
    Route(
        *("PATCH", "/api/zones/{zone_id}", change, "Change a zone (owner, admins)"),
        body=ChangeZone,
        answer=ZoneView,
        errors=_MANAGER,
        example={"locked": True},
    ),
    Route(
        *("DELETE", "/api/zones/{zone_id}", delete, "Delete a zone (owner, admins)"),
        answer=Done,
        errors=_MANAGER,
    ),
    Route(
        *("POST", "/api/zones/{zone_id}/meeting", rotate_meeting, "A new meeting link; the old one ends"),
        answer=MeetingIdView,
        errors=_MANAGER,
    ),
    Route(
        *("POST", "/api/zones/{zone_id}/ticket", ticket, "A bearer ticket for WHIP and WHEP"),
        body=NewTicket,
        answer=TicketView,
        status=201,
        errors={404: ("zone_unknown",), 429: ("too_many_requests",)},
        example={"publish": True, "x": 96.0, "y": 128.0},
    ),
)
