"""`/api/servers`: my servers, a new one, change, delete, join, leave, invitations."""

from __future__ import annotations

from datetime import timedelta

from aiohttp import web

from world.api.access import managed_server, member_server, visible_server
from world.api.body import answer, read_json
from world.api.errors import ApiError
from world.api.identity import limited, require_login
from world.api.regions import known_region
from world.api.route import Route
from world.api.services import Services, services
from world.api.shapes import (
    Access,
    ChangeServer,
    Done,
    InviteView,
    JoinServer,
    NewInvite,
    NewServer,
    ServerCreated,
    ServersView,
    ServerView,
)
from world.api.zones import zone_view
from world.records import Member, ServerRecord


def _access(stored: str) -> Access:
    return "public" if stored == "public" else "invite"


def _thumbnail(known: Services, map_name: str) -> str | None:
    choice = known.maps.get(map_name)
    return choice.thumbnail if choice is not None else None


async def _view(known: Services, server: ServerRecord, member: Member | None) -> ServerView:
    return ServerView(
        server.id,
        server.name,
        server.map_name,
        _access(server.access),
        member.role if member is not None else None,
        await known.servers.count_members(server.id),
        await known.world.online(server.id),
        _thumbnail(known, server.map_name),
        server.region,
    )


async def mine(request: web.Request) -> web.Response:
    known = services(request)
    login = await require_login(request)
    return answer(
        ServersView(
            [
                ServerView(
                    *(server.id, server.name, server.map_name, _access(server.access), server.role),
                    server.members,
                    await known.world.online(server.id),
                    _thumbnail(known, server.map_name),
                    server.region,
                )
                for server in await known.servers.mine(login.account.id)
            ]
        )
    )


async def create(request: web.Request) -> web.Response:
    known = services(request)
    login = await require_login(request)
    user_id, now = login.account.id, known.now()
    limited(request, known.limits.create.take(user_id, now), known.limits.create.wait(user_id, now))
    body = await read_json(request, NewServer)
    game_map = known.maps.get(body.map)
    if game_map is None:
        offered = ", ".join(choice.name for choice in known.maps.all())
        raise ApiError(422, "map_unknown", f"There is no such map. There are: {offered}.", "map")
    region = known_region(known, body.region)
    server = await known.servers.create(user_id, body.name, game_map, body.access, region)
    view = ServerCreated(
        *(server.id, server.name, server.map_name, _access(server.access)),
        [zone_view(zone) for zone in server.zones],
    )
    return answer(view, 201, {"Location": f"/api/servers/{server.id}"})


async def get(request: web.Request) -> web.Response:
    server, member = await visible_server(request)
    return answer(await _view(services(request), server, member))


async def change(request: web.Request) -> web.Response:
    known = services(request)
    server, member = await managed_server(request)
    body = await read_json(request, ChangeServer)
    region = None if body.region is None else known_region(known, body.region)
    await known.servers.change(server.id, body.name, body.access, region)
    changed = await known.servers.server(server.id)
    if changed is None:
        raise ApiError(404, "server_unknown", "There is no such server.")
    if region is not None:
        await known.world.zones_changed(server.id)
    return answer(await _view(known, changed, member))


async def delete(request: web.Request) -> web.Response:
    known = services(request)
    server, member = await managed_server(request)
    if member.role != "owner":
        raise ApiError(403, "not_allowed", "Only the owner may delete a server.")
    await known.servers.delete(server.id)
    await known.world.server_deleted(server.id)
    return answer(Done())


async def join(request: web.Request) -> web.Response:
    known = services(request)
    login = await require_login(request)
    body = await read_json(request, JoinServer)
    server = await known.servers.server(request.match_info["server_id"])
    if server is None:
        raise ApiError(404, "server_unknown", "There is no such server.")
    if server.access == "public":
        await known.servers.join(server.id, login.account.id)
    elif await known.servers.member(server.id, login.account.id) is None:
        if body.invite is None:
            # The same answer as for a server that is not there: ids are no invitation.
            raise ApiError(404, "server_unknown", "There is no such server.")
        await known.invites.accept(body.invite, server.id, login.account.id)
    member = await known.servers.member(server.id, login.account.id)
    return answer(await _view(known, server, member))


async def leave(request: web.Request) -> web.Response:
    known = services(request)
    server, member = await member_server(request)
    await known.servers.leave(server.id, member.user_id)
    await known.world.remove_user(server.id, member.user_id, "left_server", "You have left this server.")
    return answer(Done())


async def invite(request: web.Request) -> web.Response:
    known = services(request)
    server, member = await managed_server(request)
    body = await read_json(request, NewInvite)
    lifetime = None if body.hours is None else timedelta(hours=body.hours)
    made = await known.invites.create(server.id, member.user_id, lifetime, body.uses)
    ends = None if made.expires_at is None else made.expires_at.timestamp()
    return answer(InviteView(made.token, f"/join/{made.token}", ends, made.uses_left), 201)


_MEMBER = {403: ("not_a_member",), 404: ("server_unknown",)}
_MANAGER = {403: ("not_a_member", "not_allowed"), 404: ("server_unknown",)}
ROUTES = (
    Route("GET", "/api/servers", mine, "The servers that I belong to", answer=ServersView),
    Route(
        *("POST", "/api/servers", create, "Make a server from a map"),
        body=NewServer,
        answer=ServerCreated,
        status=201,
        errors={409: ("too_many_servers",), 422: ("map_unknown", "region_unknown")},
        example={"name": "The Guild", "map": "office", "access": "public"},
    ),
    Route(
        *("GET", "/api/servers/{server_id}", get, "One server"),
        answer=ServerView,
        errors={404: ("server_unknown",)},
    ),
    Route(
        *("PATCH", "/api/servers/{server_id}", change, "Change name, access or region"),
        body=ChangeServer,
        answer=ServerView,
        errors=_MANAGER | {422: ("region_unknown",)},
        example={"access": "invite"},
    ),
    Route(
        *("DELETE", "/api/servers/{server_id}", delete, "Delete a server (its owner)"),
        answer=Done,
        errors=_MANAGER,
    ),
    Route(
        *("POST", "/api/servers/{server_id}/join", join, "Become a member"),
        body=JoinServer,
        answer=ServerView,
        errors={403: ("banned",), 404: ("server_unknown", "invite_invalid"), 409: ("server_full",)},
        example={"invite": "q3mXK0v8bN2fYt5w"},
    ),
    Route(
        *("POST", "/api/servers/{server_id}/leave", leave, "End the membership"),
        answer=Done,
        errors=_MEMBER | {409: ("owner_stays",)},
    ),
    Route(
        *("POST", "/api/servers/{server_id}/invites", invite, "A link that makes its holder a member"),
        body=NewInvite,
        answer=InviteView,
        status=201,
        errors=_MANAGER | {409: ("too_many_invites",)},
        example={"hours": 48, "uses": 10},
    ),
)
