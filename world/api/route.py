"""One table of routes: what aiohttp serves and what OpenAPI describes are the same entries."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import msgspec
from aiohttp import web

Who = Literal["anybody", "cookie", "bearer"]


@dataclass(frozen=True, slots=True)
class Route:
    """One method of one path.

    `errors` are the codes that this route may answer with besides the general ones, by status;
    `example` is a request body that fits `body`.
    """

    method: str
    path: str
    handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    summary: str
    who: Who = "cookie"
    body: type[msgspec.Struct] | str | None = None
    answer: type[msgspec.Struct] | str | None = None
    status: int = 200
    errors: Mapping[int, tuple[str, ...]] = field(default_factory=dict)
    example: dict[str, Any] | None = None


def add_routes(app: web.Application, routes: Iterable[Route]) -> None:
    """Serve them."""
    for route in routes:
        app.router.add_route(route.method, route.path, route.handler)
