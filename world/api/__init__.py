"""The HTTP API of the world, one file a resource. `setup` puts it into an aiohttp application."""

from __future__ import annotations

from aiohttp import web

from world.api import (
    admin,
    auth,
    chat,
    files,
    maps,
    meetings,
    members,
    openapi,
    regions,
    servers,
    whip,
    zones,
)
from world.api.errors import error_middleware
from world.api.identity import rolling_middleware
from world.api.origin import origin_middleware
from world.api.route import Route, add_routes
from world.api.services import SERVICES, Services

ROUTES: tuple[Route, ...] = (
    auth.ROUTES
    + maps.ROUTES
    + regions.ROUTES
    + servers.ROUTES
    + members.ROUTES
    + zones.ROUTES
    + chat.ROUTES
    + files.ROUTES
    + meetings.ROUTES
    + whip.ROUTES
    + admin.ROUTES
)


def all_routes(version: str) -> tuple[Route, ...]:
    """Every route, the one of the API's own description too."""
    handler = openapi.serve(ROUTES, version)
    return (*ROUTES, Route("GET", "/api/openapi.json", handler, "This description", "anybody"))


def setup(app: web.Application, known: Services, version: str) -> None:
    """Add services, middlewares (errors outermost) and routes to `app`."""
    app[SERVICES] = known
    app.middlewares.extend([error_middleware, rolling_middleware, origin_middleware])
    app.on_response_prepare.append(whip.add_cors)
    add_routes(app, all_routes(version))
