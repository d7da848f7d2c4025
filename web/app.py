"""The aiohttp application: API, pages, files, WebSocket and health put together. It starts nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version

from aiohttp import web
from aiohttp.typedefs import Handler
from prometheus_client import CollectorRegistry

from web.access_log import access_middleware
from web.figures import add_figures
from web.files import STATIC, Find, add_files, in_folder
from web.headers import add_headers
from web.health import Check, add_health
from web.pages import add_pages
from world import api
from world.api.services import Services

# Above every body that a handler reads; the handlers' own bounds are smaller.
MAX_BODY_BYTES = 1024 * 1024


@dataclass(slots=True)
class AppParts:
    """What the application is put together from. `maps` finds the files behind `/maps/`."""

    services: Services
    gateway: Handler | None = None
    maps: Find | None = None
    checks: Mapping[str, Check] = field(default_factory=dict)
    registry: CollectorRegistry = field(default_factory=CollectorRegistry)
    # None: the figures have a port of their own.
    metrics_token: str | None = ""


def program_version() -> str:
    """The version of this installation."""
    try:
        return version("atriumverse")
    except PackageNotFoundError:
        return "0+unknown"


def make_app(parts: AppParts) -> web.Application:
    """The application that serves the world."""
    app = web.Application(client_max_size=MAX_BODY_BYTES)
    app.middlewares.append(access_middleware(parts.registry))
    add_pages(app)
    api.setup(app, parts.services, program_version())
    if parts.gateway is not None:
        app.router.add_get("/ws/{server_id}", parts.gateway)
    add_files(app, "/static/", in_folder(STATIC))
    if parts.maps is not None:
        add_files(app, "/maps/", parts.maps)
    add_health(app, parts.checks)
    if parts.metrics_token is not None:
        add_figures(app, parts.registry, parts.metrics_token, own_port=False)
    app.on_response_prepare.append(add_headers)
    return app


def make_worker_app(
    checks: Mapping[str, Check], registry: CollectorRegistry, metrics_token: str | None = ""
) -> web.Application:
    """The application of a media worker on its own: health and figures only."""
    app = web.Application()
    add_health(app, checks)
    if metrics_token is not None:
        add_figures(app, registry, metrics_token, own_port=False)
    return app
