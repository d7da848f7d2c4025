"""The access log and the figures of HTTP: by route, never by path, because paths carry secrets."""

from __future__ import annotations

import logging
import secrets
import time

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware
from prometheus_client import CollectorRegistry, Counter, Histogram

from signaling.context import request_id
from signaling.tracing import span

# What strangers make up is counted as one: every label is a time series that stays.
METHODS = frozenset({"GET", "HEAD", "POST", "PATCH", "PUT", "DELETE", "OPTIONS"})
# Asked for all the time and of no interest when all is well.
QUIET = ("/static/", "/maps/", "/healthz", "/readyz", "/metrics")

log = logging.getLogger("atrium.access")


def access_middleware(registry: CollectorRegistry) -> Middleware:
    """Logs and counts every request."""
    requests = Counter(
        "atrium_http_requests", "HTTP requests", ["method", "route", "status"], registry=registry
    )
    seconds = Histogram(
        "atrium_http_request_seconds",
        "Time until the answer (WebSockets are not counted)",
        ["route"],
        buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5),
        registry=registry,
    )

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        started = time.perf_counter()
        route = _route(request)
        method = request.method if request.method in METHODS else "OTHER"
        status = 500
        number = request_id.set(secrets.token_hex(6))
        try:
            response = await _traced(request, handler, method, route)
            status = response.status
            if not response.prepared:
                response.headers["X-Request-Id"] = request_id.get()
            return response
        except web.HTTPException as error:
            status = error.status
            error.headers["X-Request-Id"] = request_id.get()
            raise
        finally:
            took = time.perf_counter() - started
            requests.labels(method, route, str(status)).inc()
            if status != 101:
                seconds.labels(route).observe(took)
            level = logging.DEBUG if route.startswith(QUIET) and status < 400 else logging.INFO
            log.log(level, "%s %s %d %.1f ms", method, route, status, took * 1000)
            request_id.reset(number)

    return middleware


async def _traced(request: web.Request, handler: Handler, method: str, route: str) -> web.StreamResponse:
    """In a span, but for WebSockets, which are open for hours: what happens there has spans of its own."""
    if route.startswith("/ws/") or route.startswith(QUIET):
        return await handler(request)
    names = {"http.request.method": method, "http.route": route, "atrium.request": request_id.get()}
    raised = None
    with span(f"{method} {route}", "server", **names) as note:
        try:
            status = (response := await handler(request)).status
        except web.HTTPException as answer:  # an answer like another: a redirect, a page that is not there
            raised, status = answer, answer.status
        note("http.response.status_code", status)
        if status >= 500:
            note("error.type", str(status))
    if raised is not None:
        raise raised
    return response


def _route(request: web.Request) -> str:
    resource = request.match_info.route.resource
    return resource.canonical if resource is not None else "(none)"
