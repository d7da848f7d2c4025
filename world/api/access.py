"""Who may do what with a server: the one place where roles are weighed for HTTP.

What somebody may not even see does not exist for them (404), what they see but may not do is 403.
"""

from __future__ import annotations

from aiohttp import web

from world.api.errors import ApiError
from world.api.identity import require_login
from world.api.services import services
from world.records import RANK, Member, ServerRecord, ZoneRecord

MANAGERS = frozenset({"owner", "admin"})


def _unknown_server() -> ApiError:
    return ApiError(404, "server_unknown", "There is no such server.")


def _unknown_zone() -> ApiError:
    return ApiError(404, "zone_unknown", "There is no such zone.")


async def visible_server(request: web.Request) -> tuple[ServerRecord, Member | None]:
    """The server of the path for somebody who may see it: its members, and everybody if it is public."""
    known = services(request)
    login = await require_login(request)
    server = await known.servers.server(request.match_info["server_id"])
    if server is None:
        raise _unknown_server()
    member = await known.servers.member(server.id, login.account.id)
    if member is None and server.access != "public":
        raise _unknown_server()
    return server, member


async def member_server(request: web.Request) -> tuple[ServerRecord, Member]:
    """The server of the path for its member."""
    server, member = await visible_server(request)
    if member is None:
        raise ApiError(403, "not_a_member", "Join this server first.")
    return server, member


async def managed_server(request: web.Request) -> tuple[ServerRecord, Member]:
    """The server of the path for its owner or an admin."""
    server, member = await member_server(request)
    _require_manager(member)
    return server, member


async def member_below(request: web.Request) -> tuple[ServerRecord, Member, Member]:
    """The server of the path, who asks, and the member of the path, over whom they may decide."""
    server, actor = await member_server(request)
    other = await services(request).servers.member(server.id, request.match_info["user_id"])
    if other is None:
        raise ApiError(404, "member_unknown", "There is no such member.")
    if RANK[actor.role] <= RANK[other.role]:
        raise ApiError(403, "not_allowed", "You may not decide over this member.")
    return server, actor, other


async def member_zone(request: web.Request) -> tuple[ZoneRecord, Member]:
    """The zone of the path for a member of its server. To all others it does not exist."""
    known = services(request)
    login = await require_login(request)
    zone = await known.zones.get(request.match_info["zone_id"])
    if zone is None:
        raise _unknown_zone()
    member = await known.servers.member(zone.server_id, login.account.id)
    if member is None:
        raise _unknown_zone()
    return zone, member


async def managed_zone(request: web.Request) -> tuple[ZoneRecord, Member]:
    """The zone of the path for the server's owner or an admin."""
    zone, member = await member_zone(request)
    _require_manager(member)
    return zone, member


def _require_manager(member: Member) -> None:
    if member.role not in MANAGERS:
        raise ApiError(403, "not_allowed", "Only the server's owner and admins may do that.")
