"""WHIP (RFC 9725) and WHEP (draft-ietf-wish-whep): publish into and play from a zone with plain HTTP.

POST an SDP offer to the endpoint, get the answer and the session's own URL (Location); DELETE ends
it. Our side is ICE-lite on one address, so trickled candidates are taken and not needed, and an ICE
restart is refused (RFC 9725 §4.3.3 leaves both open). The bearer ticket is the only key: no cookie is
looked at, and so every origin may call (CORS).

The entity-tag of RFC 9725 §4.3.1 names an ICE session. Ours is derived from the ICE credentials of the
offer: it needs no memory, and a PATCH that speaks for another ICE session is told so on any node.
"""

from __future__ import annotations

import hashlib
import re
from typing import Literal

from aiohttp import web

from signaling.messages import IceServer
from signaling.tickets import BadTicket, MediaTicket
from world.api.body import answer, read_text
from world.api.errors import ApiError
from world.api.identity import limited
from world.api.route import Route
from world.api.services import services
from world.api.shapes import Done
from world.records import Seat
from world.running.devices import DeviceRefused
from world.space.rooms import room_refusal

Direction = Literal["publish", "play"]
SDP = "application/sdp"
FRAGMENT = "application/trickle-ice-sdpfrag"  # RFC 8840
# What the world may refuse a device for; everything else is the media worker's state (503).
STATUS_OF_REFUSAL = {"bad_sdp": 400, "no_zone": 404, "too_many_devices": 409}
_UFRAG = re.compile(r"^a=ice-ufrag:(\S{4,256})\s*$", re.MULTILINE)
_PWD = re.compile(r"^a=ice-pwd:(\S{22,256})\s*$", re.MULTILINE)
CORS = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": "Location, ETag, Link, Retry-After",
}
PREFLIGHT = CORS | {
    "Access-Control-Allow-Methods": "POST, PATCH, DELETE, OPTIONS",
    "Access-Control-Allow-Headers": "Authorization, Content-Type, If-Match",
    "Access-Control-Max-Age": "86400",
}


def ice_tag(sdp: str) -> str | None:
    """The entity-tag (with its quotes) of the ICE session that `sdp` speaks for, if it names one."""
    ufrag, pwd = _UFRAG.search(sdp), _PWD.search(sdp)
    if ufrag is None or pwd is None:
        return None
    digest = hashlib.sha256(f"{ufrag[1]}:{pwd[1]}".encode()).hexdigest()
    return f'"{digest[:24]}"'


def _direction(request: web.Request) -> Direction:
    return "publish" if request.path.startswith("/whip/") else "play"


def _ticket(request: web.Request) -> MediaTicket:
    """The bearer ticket, if it opens this endpoint. Raises ApiError 401 or 403."""
    known = services(request)
    challenge = {"WWW-Authenticate": 'Bearer realm="atrium"'}
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise ApiError(401, "ticket_missing", "Send Authorization: Bearer and a ticket.", headers=challenge)
    try:
        ticket = known.tickets.read(MediaTicket, token.strip(), known.now())
    except BadTicket as error:
        challenge = {"WWW-Authenticate": 'Bearer realm="atrium", error="invalid_token"'}
        raise ApiError(401, error.code, error.message, headers=challenge) from None
    if ticket.zone_id != request.match_info["zone_id"]:
        raise ApiError(403, "wrong_zone", "This ticket is for another zone.")
    if _direction(request) == "publish" and not ticket.publish:
        raise ApiError(403, "may_not_publish", "This ticket does not allow to publish.")
    if _direction(request) == "play" and not ticket.play:
        raise ApiError(403, "may_not_play", "This ticket does not allow to play.")
    return ticket


async def _seat(request: web.Request, ticket: MediaTicket) -> Seat:
    """The device's seat. A ticket ends with its owner's membership and password, and with its zone."""
    known = services(request)
    zone = await known.zones.get(ticket.zone_id)
    if zone is None or zone.server_id != ticket.server_id:
        raise ApiError(404, "zone_unknown", "There is no such zone (any more).")
    member = await known.servers.member(zone.server_id, ticket.user_id)
    if member is None:
        raise ApiError(403, "not_a_member", "The ticket's owner does not belong to this server any more.")
    if ticket.password != await known.users.password_mark(ticket.user_id):
        raise ApiError(401, "ticket_invalid", "The ticket is older than its owner's password.")
    inside = await known.world.people_in(zone.server_id, zone.id)
    refusal = room_refusal(zone, ticket.user_id, member.role, inside)
    if refusal is not None:
        raise ApiError(409, *refusal)
    return Seat(
        ticket.user_id,
        ticket.name,
        member.avatar,
        "device",
        member.role,
        zone_id=zone.id,
        x=ticket.x,
        y=ticket.y,
    )


async def _open(request: web.Request) -> web.Response:
    known = services(request)
    ticket = _ticket(request)
    key, now = ticket.user_id, known.now()
    limited(request, known.limits.device.take(key, now), known.limits.device.wait(key, now))
    offer = await read_text(request, SDP)
    if not offer.lstrip().startswith("v="):
        raise ApiError(400, "bad_sdp", "The body is not an SDP offer.")
    tag = ice_tag(offer)
    if tag is None:
        raise ApiError(400, "bad_sdp", "The offer has no ICE credentials (a=ice-ufrag, a=ice-pwd).")
    seat = await _seat(request, ticket)
    try:
        opened = await known.world.open_device(seat, ticket.server_id, offer, _direction(request))
    except DeviceRefused as error:
        raise ApiError(STATUS_OF_REFUSAL.get(error.code, 503), error.code, error.message) from None
    headers = {
        "Location": f"{request.path.rstrip('/')}/{opened.resource}",
        "ETag": tag,
        "Cache-Control": "no-store",
        "Accept-Patch": FRAGMENT,
    }
    response = web.Response(status=201, body=opened.sdp.encode(), content_type=SDP, headers=headers)
    for server in known.ice_servers(seat.user_id):
        for link in _links(server):
            response.headers.add("Link", link)
    return response


def _links(server: IceServer) -> list[str]:
    """RFC 9725 §4.6: our STUN and TURN servers, as Link fields."""
    extra = ""
    if server.username is not None and server.credential is not None:
        extra = (
            f'; username="{server.username}"; credential="{server.credential}"; credential-type="password"'
        )
    return [f'<{url}>; rel="ice-server"{extra}' for url in server.urls]


async def _patch(request: web.Request) -> web.Response:
    ticket = _ticket(request)
    resource = request.match_info["resource"]
    if not await services(request).world.has_device(resource, ticket.user_id, ticket.server_id):
        raise _gone()
    if_match = request.headers.get("If-Match")
    if if_match is None:
        raise ApiError(428, "precondition_required", "Send If-Match with the session's ETag.")
    fragment = await read_text(request, FRAGMENT)
    if if_match.strip() == "*":
        raise ApiError(
            422, "no_ice_restart", "An ICE restart is not possible here: open a new session instead."
        )
    tag = ice_tag(fragment)
    if tag is None:
        raise ApiError(400, "bad_sdp", "The fragment has no ICE credentials (a=ice-ufrag, a=ice-pwd).")
    if tag != if_match.strip():
        raise ApiError(412, "other_ice_session", "The fragment is not of the session that If-Match names.")
    # ICE-lite (RFC 8445 §2.5): we never check candidates of the other side, we only answer its checks.
    return web.Response(status=204, headers={"ETag": tag})


async def _delete(request: web.Request) -> web.Response:
    ticket = _ticket(request)
    resource = request.match_info["resource"]
    closed = await services(request).world.close_device(resource, ticket.user_id, ticket.server_id)
    if not closed:
        raise _gone()
    return answer(Done())


def _gone() -> ApiError:
    return ApiError(404, "resource_unknown", "There is no such session (any more): open a new one.")


async def _options(request: web.Request) -> web.Response:
    accept = {"Accept-Patch": FRAGMENT} if "resource" in request.match_info else {"Accept-Post": SDP}
    return web.Response(status=204, headers=PREFLIGHT | accept)


async def add_cors(request: web.Request, response: web.StreamResponse) -> None:
    """Signal: every answer of WHIP and WHEP, errors too, may be read by a page of any origin."""
    if request.path.startswith(("/whip/", "/whep/")):
        response.headers.update(CORS)


def _routes(kind: str, what: str) -> tuple[Route, ...]:
    endpoint, resource = f"/{kind}/{{zone_id}}", f"/{kind}/{{zone_id}}/{{resource}}"
    denied = {
        401: ("ticket_missing", "ticket_invalid", "ticket_expired"),
        403: ("wrong_zone", f"may_not_{what}"),
    }
    return (
        Route(
            *("POST", endpoint, _open, f"{kind.upper()}: {what} with an SDP offer"),
            who="bearer",
            body=SDP,
            answer=SDP,
            status=201,
            errors=denied
            | {
                400: ("bad_sdp",),
                404: ("zone_unknown",),
                409: ("room_locked", "room_full"),
                413: ("too_large",),
            },
        ),
        Route("OPTIONS", endpoint, _options, f"{kind.upper()}: what is taken here", "anybody", status=204),
        Route(
            *("PATCH", resource, _patch, f"{kind.upper()}: trickled candidates (taken, not needed)"),
            who="bearer",
            body=FRAGMENT,
            status=204,
            errors=denied
            | {
                404: ("resource_unknown",),
                412: ("other_ice_session",),
                422: ("no_ice_restart",),
                428: ("precondition_required",),
            },
        ),
        Route(
            *("DELETE", resource, _delete, f"{kind.upper()}: end the session"),
            who="bearer",
            answer=Done,
            errors=denied | {404: ("resource_unknown",)},
        ),
        Route("OPTIONS", resource, _options, f"{kind.upper()}: what is taken here", "anybody", status=204),
    )


ROUTES = _routes("whip", "publish") + _routes("whep", "play")
