"""`/api/servers/{server_id}/members` and `/bans`: who belongs to a server, as what, and who no longer.

One acts on those below oneself: the owner on all, admins on moderators and members, moderators on
members (removing and banning only; roles are given by owner and admins, below their own).
"""

from __future__ import annotations

from aiohttp import web

from signaling.messages import Role
from world.api.access import MANAGERS, member_below, member_server
from world.api.body import answer, read_json
from world.api.errors import ApiError
from world.api.route import Route
from world.api.services import Services, services
from world.api.shapes import BansView, BanView, ChangeMember, Done, MembersView, MemberView, NewBan
from world.records import KEEPERS, RANK, Member


def _view(member: Member) -> MemberView:
    return MemberView(member.user_id, member.username, member.display_name, member.avatar, member.role)


async def list_members(request: web.Request) -> web.Response:
    server, _ = await member_server(request)
    found = await services(request).servers.members(server.id)
    return answer(MembersView([_view(member) for member in found]))


async def change(request: web.Request) -> web.Response:
    known = services(request)
    server, actor, other = await member_below(request)
    body = await read_json(request, ChangeMember)
    role: Role = body.role
    if actor.role not in MANAGERS or RANK[role] >= RANK[actor.role]:
        raise ApiError(403, "not_allowed", "You may not give this role.")
    await known.servers.set_role(server.id, other.user_id, role)
    await known.world.role_changed(server.id, other.user_id, role)
    changed = await known.servers.member(server.id, other.user_id)
    return answer(_view(changed if changed is not None else other))


async def remove(request: web.Request) -> web.Response:
    known = services(request)
    server, actor = await member_server(request)
    user_id = request.match_info["user_id"]
    if actor.role in KEEPERS and await known.world.remove_guest(server.id, user_id):
        return answer(Done())
    server, _, other = await member_below(request)
    await known.servers.leave(server.id, other.user_id)
    await _send_away(known, server.id, other.user_id)
    return answer(Done())


async def list_bans(request: web.Request) -> web.Response:
    server, actor = await member_server(request)
    _require_keeper(actor)
    bans = await services(request).bans.all(server.id)
    return answer(BansView([BanView(ban.user_id, ban.username, ban.reason, ban.at) for ban in bans]))


async def ban(request: web.Request) -> web.Response:
    known = services(request)
    server, actor = await member_server(request)
    _require_keeper(actor)
    body = await read_json(request, NewBan)
    other = await known.servers.member(server.id, body.user_id)
    if other is not None and RANK[actor.role] <= RANK[other.role]:
        raise ApiError(403, "not_allowed", "You may not decide over this member.")
    if await known.users.get(body.user_id) is None:
        raise ApiError(
            404, "user_unknown", "There is no such user; guests have no account to ban.", "user_id"
        )
    await known.bans.add(server.id, body.user_id, body.reason)
    await _send_away(known, server.id, body.user_id)
    return answer(Done(), 201)


async def lift_ban(request: web.Request) -> web.Response:
    server, actor = await member_server(request)
    _require_keeper(actor)
    await services(request).bans.lift(server.id, request.match_info["user_id"])
    return answer(Done())


async def _send_away(known: Services, server_id: str, user_id: str) -> None:
    await known.world.remove_user(server_id, user_id, "removed", "You were removed from this server.")


def _require_keeper(actor: Member) -> None:
    if actor.role not in KEEPERS:
        raise ApiError(403, "not_allowed", "Only the owner, admins and moderators may do that.")


_DENIED = {403: ("not_a_member", "not_allowed"), 404: ("server_unknown", "member_unknown")}
_MEMBERS = "/api/servers/{server_id}/members"
_BANS = "/api/servers/{server_id}/bans"
ROUTES = (
    Route(
        *("GET", _MEMBERS, list_members, "Everybody who belongs to it"),
        answer=MembersView,
        errors={403: ("not_a_member",), 404: ("server_unknown",)},
    ),
    Route(
        *("PATCH", _MEMBERS + "/{user_id}", change, "Give a member another role"),
        body=ChangeMember,
        answer=MemberView,
        errors=_DENIED,
        example={"role": "moderator"},
    ),
    Route(
        *("DELETE", _MEMBERS + "/{user_id}", remove, "Remove a member or a guest, who may come back"),
        answer=Done,
        errors=_DENIED,
    ),
    Route(*("GET", _BANS, list_bans, "Who may not come back"), answer=BansView, errors=_DENIED),
    Route(
        *("POST", _BANS, ban, "Remove somebody for good"),
        body=NewBan,
        answer=Done,
        status=201,
        errors=_DENIED | {404: ("server_unknown", "user_unknown")},
        example={"user_id": "7f9c24e8-3b12-4a6b-9d55-3f1f0c7f2a10", "reason": "noise"},
    ),
    Route(*("DELETE", _BANS + "/{user_id}", lift_ban, "Lift a ban"), answer=Done, errors=_DENIED),
)
